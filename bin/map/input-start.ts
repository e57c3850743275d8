import { createHash } from 'node:crypto';
import { UsageError } from '../usage-error.js';

/** How an input begins: what was read at first of the first file that is not empty. */
export interface InputStart {
  bytes: number;
  sha256: string;
}

/** Sees how an input begins, which may be in a later file than its first. */
export class StartWatch {
  readonly #known: InputStart | undefined;
  readonly #note: (start: InputStart) => void;
  #isOver = false;

  /**
   * @param known - how it should begin, if that is known.
   * @param note - gets how it begins otherwise.
   */
  constructor(known: InputStart | undefined, note: (start: InputStart) => void) {
    this.#known = known;
    this.#note = note;
  }

  /**
   * Passes a file on.
   *
   * @throws {@link UsageError} if it should begin otherwise, before any of it is passed on.
   */
  async *watch(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
    const begun: Buffer[] = [];
    let length = 0;
    for await (const chunk of chunks) {
      if (this.#isOver) {
        yield chunk;
        continue;
      }
      begun.push(chunk);
      length += chunk.length;
      if (length < (this.#known?.bytes ?? 1)) continue;
      const start = Buffer.concat(begun);
      this.#see(start);
      yield start;
    }
    if (!this.#isOver && length > 0) this.#see(Buffer.concat(begun));
  }

  #see(start: Buffer): void {
    if (this.#known === undefined) this.#note(describe(start));
    else refuseOther(start, this.#known);
    this.#isOver = true;
  }

  /**
   * All files are at their end.
   *
   * @throws {@link UsageError} if something should have been in them.
   */
  end(): void {
    if (!this.#isOver && this.#known !== undefined) refuseOther(Buffer.alloc(0), this.#known);
  }
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
