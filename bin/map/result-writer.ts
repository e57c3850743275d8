import { setImmediate as turn } from 'node:timers/promises';
import type { Journal } from './journal.js';
import type { Position } from './journal-entries.js';
import type { TextFile } from './text-file.js';

/** So many characters may wait to be written. */
const MAX_WAITING = 2 ** 20;

/** Where results go. */
export interface Files {
  output: TextFile;
  errors: TextFile | undefined;
  journal: Journal | undefined;
}

/** What is written together. */
interface Batch {
  output: string;
  errors: string;
  done: number[];
  failed: number;
}

/** Writes what becomes of the items: what comes in one turn of the event loop, or during a write, goes out together. */
export class ResultWriter {
  readonly #files: Files;
  readonly #onFailure: (error: unknown) => void;
  #batch = createBatch();
  #failed: number;
  #writing: Promise<void> | undefined;

  /** @param onFailure - called when something could not be written; nothing is any more then. */
  constructor(files: Files, onFailure: (error: unknown) => void) {
    this.#files = files;
    this.#onFailure = onFailure;
    this.#failed = files.journal?.position.failed ?? 0;
  }

  addResult(index: number, line: string): void {
    this.#batch.output += line;
    this.#add(index);
  }

  /** @param line - for the file of errors, if there is one. */
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

  /** More should not be added before there is {@link room}. */
  get isFull(): boolean {
    return this.#batch.output.length + this.#batch.errors.length >= MAX_WAITING;
  }

  /** @throws what a write has failed with. */
  async room(): Promise<void> {
    while (this.isFull) await this.#writing;
  }

  /**
   * Waits until all is written.
   *
   * @throws what a write has failed with.
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

  /** The journal comes last: what it knows is written. */
  async #writeBatch({ output: text, errors: reports, done, failed }: Batch): Promise<void> {
    const { output, errors, journal } = this.#files;
    if (text !== '') await output.append(text);
    if (reports !== '') await errors?.append(reports);
    this.#failed += failed;
    const position: Position = { output: output.length, errors: errors?.length ?? 0, failed: this.#failed };
    await journal?.noteDone(done, position);
  }
}

function createBatch(): Batch {
  return { output: '', errors: '', done: [], failed: 0 };
}
