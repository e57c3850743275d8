import { closeSync, openSync, writeSync } from 'node:fs';
import { clearTimeout, setTimeout } from '../../util/clock.js';

/** The size of the write buffer, in characters. */
const MAX_BUFFERED = 64 * 1024;
/** The longest time an event stays in the buffer, in milliseconds. */
const FLUSH_DELAY = 1000;

/** One event of Chrome's trace event format. Times are microseconds. */
export interface TraceEvent {
  name: string;
  /** The phase: a slice, a counter, or metadata that names a track. */
  ph: 'X' | 'C' | 'M';
  ts?: number;
  dur?: number;
  pid: number;
  tid: number;
  cat?: string;
  args?: Record<string, unknown>;
}

/**
 * A JSON array of trace events that grows on disk.
 *
 * Writes are large and synchronous: the memory is constant even if the disk is slow, and the file is complete when the
 * program exits. A killed program leaves an array without its closing bracket, which readers of this format accept.
 */
export class TraceFile {
  readonly #path: string | URL;
  #file: number | undefined;
  #buffer = '[\n';
  #timer: NodeJS.Timeout | undefined;
  #isEmpty = true;
  readonly #close = () => this.close();

  /** @throws the error of the file system if the file cannot be created. */
  constructor(path: string | URL) {
    this.#path = path;
    this.#file = openSync(path, 'w');
    process.once('exit', this.#close);
  }

  add(event: TraceEvent): void {
    if (this.#file === undefined) return;
    this.#buffer += `${this.#isEmpty ? '' : ',\n'}${JSON.stringify(event)}`;
    this.#isEmpty = false;
    if (this.#buffer.length > MAX_BUFFERED) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), FLUSH_DELAY).unref();
  }

  close(): void {
    if (this.#file === undefined) return;
    process.off('exit', this.#close);
    this.#buffer += '\n]\n';
    this.#flush();
    this.#end();
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#file === undefined) return;
    try {
      const bytes = Buffer.from(this.#buffer);
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
      this.#buffer = '';
    } catch (error) {
      // A full disk must not stop the traced work.
      process.emitWarning(`stopped writing the trace ${this.#path}: ${error instanceof Error ? error.message : error}`);
      this.#end();
    }
  }

  #end(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}
