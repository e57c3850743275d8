import { closeSync, fstatSync, ftruncateSync, openSync, write, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const writeSome = promisify(write);

/** A pipe that somebody else has made non-blocking is asked again after so many milliseconds. */
const PAUSE = 10;

/**
 * A file, pipe or terminal to which text is appended.
 *
 * Each write is one of a thread of Node.js: to a pipe that nobody reads `process.stdout` would block this one, which
 * could then not even be interrupted.
 */
export class TextFile {
  readonly #descriptor: number;
  /** How long the file is, as far as it is of this run and those that it goes on with. */
  length = 0;

  /** A file as it is, made if there is none. */
  static open(path: string): TextFile {
    return new TextFile(openSync(path, 'a'));
  }

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /** Drops what follows this length. Pipes and devices have nothing to drop. */
  cut(length: number): void {
    if (fstatSync(this.#descriptor).isFile()) ftruncateSync(this.#descriptor, length);
    this.length = length;
  }

  async append(text: string): Promise<void> {
    let bytes = Buffer.from(text);
    while (bytes.length > 0) {
      const written = await this.#write(bytes);
      this.length += written;
      bytes = bytes.subarray(written);
    }
  }

  async #write(bytes: Buffer): Promise<number> {
    try {
      return (await writeSome(this.#descriptor, bytes)).bytesWritten;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      await sleep(PAUSE);
      return 0;
    }
  }

  /** For what is short and rare. */
  appendNow(text: string): void {
    this.length += writeSync(this.#descriptor, text);
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}
