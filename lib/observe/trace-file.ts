import { closeSync, openSync, writeSync } from 'node:fs';
import { clearTimeout, setTimeout } from '../util/clock.js';

/** What waits to be written at most, in characters. */
const MAX_WAITING = 64 * 1024;
/** How long it waits at most, in milliseconds. */
const MAX_DELAY = 1000;

/** One event of the trace-event format of Chrome. Times are microseconds. */
export interface TraceEvent {
  name: string;
  /** A slice, a counter, or a name for a row. */
  ph: 'X' | 'C' | 'M';
  ts?: number;
  dur?: number;
  pid: number;
  tid: number;
  cat?: string;
  args?: Record<string, unknown>;
}

/**
 * A JSON array of events that grows on disk.
 *
 * It is written in large pieces and synchronously: so it needs the same memory however slow the disk is, and is whole also
 * when the program exits. One that is killed leaves an array without its end, which readers of this format accept.
 */
export class TraceFile {
  readonly #path: string | URL;
  #file: number | undefined;
  #waiting = '[\n';
  #timer: NodeJS.Timeout | undefined;
  #isEmpty = true;
  readonly #close = () => this.close();

  /** @throws what the file system says if the file cannot be made. */
  constructor(path: string | URL) {
    this.#path = path;
    this.#file = openSync(path, 'w');
    process.once('exit', this.#close);
  }

  add(event: TraceEvent): void {
    if (this.#file === undefined) return;
    this.#waiting += `${this.#isEmpty ? '' : ',\n'}${JSON.stringify(event)}`;
    this.#isEmpty = false;
    if (this.#waiting.length > MAX_WAITING) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), MAX_DELAY).unref();
  }

  close(): void {
    if (this.#file === undefined) return;
    process.off('exit', this.#close);
    this.#waiting += '\n]\n';
    this.#flush();
    this.#end();
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#file === undefined) return;
    try {
      const bytes = Buffer.from(this.#waiting);
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
      this.#waiting = '';
    } catch (error) {
      // A full disk must not end the work that is traced.
      process.emitWarning(`the trace ${this.#path} ends here: ${error instanceof Error ? error.message : error}`);
      this.#end();
    }
  }

  #end(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}
