import type { Encoder } from '../ipc/codec.js';
import { FAILURE, PROGRESS, RESULT } from '../ipc/messages.js';
import { CHUNK_BYTES } from './messages.js';
import { checkSize, createEncoder, takeBody } from './payload.js';

/** What a task returned, threw or reports. */
export type Outcome = readonly [kind: typeof RESULT | typeof FAILURE | typeof PROGRESS, id: number, value: unknown];

const PATHS = { [RESULT]: 'result', [FAILURE]: 'error', [PROGRESS]: 'progress' } as const;

/**
 * Writes outcomes as bodies, none of which is much larger than a chunk may be. In the place of a value that cannot
 * travel, or is too large, goes the error that says so; nobody waits for progress, so that is left out.
 *
 * @param onLeftOut - is told why.
 */
export function writeOutcomes(
  outcomes: readonly Outcome[],
  maxValueSize: number,
  onLeftOut: (error: Error) => void,
): string[] {
  const bodies: string[] = [];
  const list = [...outcomes];
  const replacements = new Set<Outcome>();
  let encoder = createEncoder();
  let first = 0;
  for (let at = 0; at < list.length; at++) {
    if (encoder.size >= CHUNK_BYTES) {
      bodies.push(takeBody(encoder));
      encoder = createEncoder();
      first = at;
    }
    const { size } = encoder;
    const outcome = list[at] as Outcome;
    try {
      add(encoder, outcome);
      if (!replacements.has(outcome)) checkSize(encoder.size - size, maxValueSize, PATHS[outcome[0]]);
    } catch (error) {
      if (outcome[0] === PROGRESS) {
        list.splice(at, 1);
        onLeftOut(error as Error);
      } else {
        const replacement: Outcome = [FAILURE, outcome[1], error];
        list[at] = replacement;
        replacements.add(replacement);
      }
      // What is too large is written already: this body begins again.
      if (encoder.size === size) at--;
      else {
        encoder = createEncoder();
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
