import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A pipe of the system, of 64 KiB, whose reader waits until the test wants it to read: as `less` does. */
export class SlowPipe {
  /** Where a program writes: for its `stdio`. Closed once the program runs. */
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

  /** Only the program has it now, and what it starts. */
  closeWriter(): void {
    closeSync(this.writer);
  }

  /** All that is written, until the last who can write has ended. */
  async read(): Promise<string> {
    let text = '';
    // A socket begins to read when it is made.
    const socket = new Socket({ fd: this.#reader, readable: true, writable: false });
    for await (const chunk of socket.setEncoding('utf8')) text += chunk;
    return text;
  }

  /** The reader has had enough. */
  leave(): void {
    closeSync(this.#reader);
  }
}
