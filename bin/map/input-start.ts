import { createHash } from 'node:crypto';
import { UsageError } from '../usage-error.js';

/** How an input begins. */
export interface InputStart {
  bytes: number;
  sha256: string;
}

/**
 * Passes an input on, of which the first chunk is noted.
 *
 * @param known - how it should begin, if that is known; then nothing is noted.
 * @throws {@link UsageError} if it begins otherwise.
 */
export async function* watchStart(
  chunks: AsyncIterable<Buffer>,
  known: InputStart | undefined,
  note: (start: InputStart) => void,
): AsyncGenerator<Buffer, void, undefined> {
  const begun: Buffer[] = [];
  let length = 0;
  let open = true;
  for await (const chunk of chunks) {
    if (!open) {
      yield chunk;
      continue;
    }
    begun.push(chunk);
    length += chunk.length;
    if (length < (known?.bytes ?? 1)) continue;
    open = false;
    const start = Buffer.concat(begun);
    if (known === undefined) note(describe(start));
    else refuseOther(start, known);
    yield start;
  }
  if (open && known !== undefined) refuseOther(Buffer.concat(begun), known);
}

function describe(bytes: Buffer): InputStart {
  return { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

function refuseOther(bytes: Buffer, known: InputStart): void {
  if (describe(bytes.subarray(0, known.bytes)).sha256 === known.sha256) return;
  throw new UsageError(
    `the input is another one than that of the run that stopped: its first ${known.bytes} bytes differ`,
  );
}
