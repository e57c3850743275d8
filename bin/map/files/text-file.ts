import { closeSync, fstatSync, ftruncateSync, openSync, write, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { FileError } from '../../util/errors.js';

const writeSome = promisify(write);

/** The pause, in milliseconds, before retrying a full pipe that another process has made non-blocking. */
const PAUSE = 10;

/**
 * A file, pipe or terminal to which text is appended.
 *
 * Each write runs on one of Node's threads. `process.stdout` would block the main thread while a pipe is full, and
 * signals would not get through.
 */
export class TextFile {
  readonly #name: string;
  readonly #descriptor: number;
  /** How much of the file belongs to this run and the runs it continues. */
  length = 0;

  /** Opens a file as it is, and creates it if needed. */
  static open(path: string): TextFile {
    return new TextFile(path, openSync(path, 'a'));
  }

  /** @param name - the name for messages. */
  constructor(name: string, descriptor: number) {
    this.#name = name;
    this.#descriptor = descriptor;
  }

  /** Truncates a file to this length. Has no effect on pipes and devices. */
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

  /** Synchronously, for short and rare texts. @throws {@link FileError} */
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
