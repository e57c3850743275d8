import { closeSync, fstatSync, ftruncateSync, openSync, write, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { FileError } from './file-error.js';

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
  readonly #name: string;
  readonly #descriptor: number;
  /** How long the file is, as far as it is of this run and those that it goes on with. */
  length = 0;

  /** A file as it is, made if there is none. */
  static open(path: string): TextFile {
    return new TextFile(path, openSync(path, 'a'));
  }

  /** @param name - how it is called in messages. */
  constructor(name: string, descriptor: number) {
    this.#name = name;
    this.#descriptor = descriptor;
  }

  /** Drops what follows this length. Pipes and devices have nothing to drop. */
  cut(length: number): void {
    if (fstatSync(this.#descriptor).isFile()) ftruncateSync(this.#descriptor, length);
    this.length = length;
  }

  /** @throws {@link FileError} */
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
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw this.#describe(error);
      await sleep(PAUSE);
      return 0;
    }
  }

  /** For what is short and rare. @throws {@link FileError} */
  appendNow(text: string): void {
    try {
      this.length += writeSync(this.#descriptor, text);
    } catch (error) {
      throw this.#describe(error);
    }
  }

  #describe(error: unknown): FileError {
    return new FileError(`cannot write ${this.#name}: ${(error as Error).message}`, error);
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}
