import { Encoder } from '../ipc/codec.js';
import { FAILURE, PROGRESS, RESULT } from '../ipc/messages.js';
import { CHUNK_BYTES } from './messages.js';
import { checkSize, takeBody } from './payload.js';

/** What a task returned, threw or reports. */
export type Outcome = readonly [kind: typeof RESULT | typeof FAILURE | typeof PROGRESS, id: number, value: unknown];

const PATHS = { [RESULT]: 'result', [FAILURE]: 'error', [PROGRESS]: 'progress' } as const;

/**
 * Writes outcomes as bodies, none of which is much larger than a chunk may be. In the place of a value that cannot
 * travel, or is too large, goes the error that says so.
 */
export function writeOutcomes(outcomes: readonly Outcome[], maxValueSize: number): string[] {
  const bodies: string[] = [];
  const list = [...outcomes];
  const replaced = new Set<number>();
  let encoder = new Encoder();
  let first = 0;
  for (let at = 0; at < list.length; at++) {
    if (encoder.size >= CHUNK_BYTES) {
      bodies.push(takeBody(encoder));
      encoder = new Encoder();
      first = at;
    }
    const { size } = encoder;
    const outcome = list[at] as Outcome;
    try {
      add(encoder, outcome);
      if (!replaced.has(at)) checkSize(encoder.size - size, maxValueSize, PATHS[outcome[0]]);
    } catch (error) {
      list[at] = [outcome[0] === PROGRESS ? PROGRESS : FAILURE, outcome[1], error];
      replaced.add(at);
      // What is too large is written already: this body begins again.
      if (encoder.size === size) at--;
      else {
        encoder = new Encoder();
        at = first - 1;
      }
    }
  }
  bodies.push(takeBody(encoder));
  return bodies;
}

function add(encoder: Encoder, [kind, id, value]: Outcome): void {
  if (kind === RESULT) encoder.addResult(id, value);
  else encoder.add([kind, id, value]);
}
