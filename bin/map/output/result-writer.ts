import { setImmediate as turn } from 'node:timers/promises';
import type { TextFile } from '../files/text-file.js';
import type { Position } from '../journal/entries.js';
import type { Journal } from '../journal/journal.js';

/** How many characters may wait to be written. */
const MAX_WAITING = 2 ** 20;

/** The files that a run writes. */
export interface Files {
  output: TextFile;
  errors: TextFile | undefined;
  journal: Journal | undefined;
}

/** The results of one write. */
interface Batch {
  output: string;
  errors: string;
  done: number[];
  failed: number;
}

/** Writes results and failures. Those of one turn of the event loop, or that arrive during a write, go out in one write. */
export class ResultWriter {
  readonly #files: Files;
  readonly #onFailure: (error: unknown) => void;
  #batch = createBatch();
  #failed: number;
  #writing: Promise<void> | undefined;

  /** @param onFailure - called when a write has failed. Nothing is written after that. */
  constructor(files: Files, onFailure: (error: unknown) => void) {
    this.#files = files;
    this.#onFailure = onFailure;
    this.#failed = files.journal?.position.failed ?? 0;
  }

  addResult(index: number, line: string): void {
    this.#batch.output += line;
    this.#add(index);
  }

  /** @param line - the line for the error file, if there is one. */
  addFailure(index: number, line: string): void {
    this.#batch.errors += line;
    this.#batch.failed++;
    this.#add(index);
  }

  #add(index: number): void {
    if (this.#files.journal !== undefined) this.#batch.done.push(index);
    if (this.#writing !== undefined) return;
    this.#writing = this.#write();
    this.#writing.catch(this.#onFailure);
  }

  /** If so, wait for {@link room} before adding more. */
  get isFull(): boolean {
    return this.#batch.output.length + this.#batch.errors.length >= MAX_WAITING;
  }

  /** @throws the error of a failed write. */
  async room(): Promise<void> {
    while (this.isFull) await this.#writing;
  }

  /**
   * Resolves when everything is written.
   *
   * @throws the error of a failed write.
   */
  async end(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    await turn();
    while (this.#batch.output !== '' || this.#batch.errors !== '' || this.#batch.done.length > 0) {
      const batch = this.#batch;
      this.#batch = createBatch();
      await this.#writeBatch(batch);
    }
    this.#writing = undefined;
  }

  /** The journal comes last: it may only record items that are written. */
  async #writeBatch({ output: text, errors: reports, done, failed }: Batch): Promise<void> {
    const { output, errors, journal } = this.#files;
    if (text !== '') await output.append(text);
    if (reports !== '') await errors?.append(reports);
    this.#failed += failed;
    const position: Position = { output: output.length, errors: errors?.length ?? 0, failed: this.#failed };
    await journal?.recordDone(done, position);
  }
}

function createBatch(): Batch {
  return { output: '', errors: '', done: [], failed: 0 };
}
