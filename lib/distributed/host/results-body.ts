import type { Encoder } from '../../ipc/encoder.js';
import { FAILURE, PROGRESS, RESULT } from '../../protocol/messages.js';
import { checkSize, createEncoder, takeBody } from '../wire/body.js';
import { CHUNK_BYTES } from '../wire/messages.js';

/** The result, the error or a progress report of a task. */
export type TaskReport = readonly [kind: typeof RESULT | typeof FAILURE | typeof PROGRESS, id: number, value: unknown];

const PATHS = { [RESULT]: 'result', [FAILURE]: 'error', [PROGRESS]: 'progress' } as const;

/** How much of the message and of the stack of an error that is too large is sent, in characters. */
const MAX_TEXT = 4096;

/**
 * Encodes reports as bodies of about the size of a chunk. A result or error that cannot be serialized, or is too large, is
 * replaced by the error that says why, with the message of such an error as its cause. Such progress is dropped.
 *
 * @param onDropped - receives the reason.
 */
export function encodeReports(
  reports: readonly TaskReport[],
  maxValueSize: number,
  onDropped: (error: Error) => void,
): string[] {
  const bodies: string[] = [];
  const list = [...reports];
  const replacements = new Set<TaskReport>();
  let encoder = createEncoder();
  let first = 0;
  for (let at = 0; at < list.length; at++) {
    if (encoder.size >= CHUNK_BYTES) {
      bodies.push(takeBody(encoder));
      encoder = createEncoder();
      first = at;
    }
    const { size } = encoder;
    const report = list[at] as TaskReport;
    try {
      add(encoder, report);
      if (!replacements.has(report)) checkSize(encoder.size - size, maxValueSize, PATHS[report[0]]);
    } catch (error) {
      if (report[0] === PROGRESS) {
        list.splice(at, 1);
        onDropped(error as Error);
      } else {
        if (report[0] === FAILURE) explain(error as Error, report[2]);
        const replacement: TaskReport = [FAILURE, report[1], error];
        list[at] = replacement;
        replacements.add(replacement);
      }
      // The oversized value is already encoded: start this body again.
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

function add(encoder: Encoder, [kind, id, value]: TaskReport): void {
  if (kind === RESULT) encoder.addResult(id, value);
  else encoder.add([kind, id, value]);
}

/** Without it, no one would learn what the task threw. */
function explain(error: Error, thrown: unknown): void {
  if (error.cause !== undefined || !(thrown instanceof Error)) return;
  const { name, message, stack = '' } = thrown;
  const cause = new Error(message.slice(0, MAX_TEXT));
  const frames = stack.indexOf('\n    at ');
  const head = `${name}: ${cause.message}`;
  error.cause = Object.assign(cause, {
    name,
    stack: frames === -1 ? head : head + stack.slice(frames, frames + MAX_TEXT),
  });
}
