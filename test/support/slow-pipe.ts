import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A pipe of 64 KiB whose reader, like `less`, does not read until the test wants it to. */
export class SlowPipe {
  /** The writing end, for the `stdio` of a program. Closed once the program runs. */
  readonly writer: number;
  readonly #reader: number;

  constructor() {
    const folder = mkdtempSync(join(tmpdir(), 'aiomultiprocess-test-'));
    const path = join(folder, 'pipe');
    try {
      spawnSync('mkfifo', [path]);
      this.#reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      this.writer = openSync(path, constants.O_WRONLY);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  /** Leaves the writing end only to the program and its children. */
  closeWriter(): void {
    closeSync(this.writer);
  }

  /** Reads everything until the last writer has exited. */
  async read(): Promise<string> {
    let text = '';
    // A socket starts to read when it is created.
    const socket = new Socket({ fd: this.#reader, readable: true, writable: false });
    for await (const chunk of socket.setEncoding('utf8')) text += chunk;
    return text;
  }

  /** Closes the reading end. */
  leave(): void {
    closeSync(this.#reader);
  }
}
