/**
 * Beside the output of a run stands how far it has come, so that another can go on where it stopped, also if it was
 * killed at any moment. It is a file of JSON lines that only grows:
 *
 *     {"run":{"version":1,…}}                                      what was asked for; the last one counts
 *     {"start":{"bytes":65536,"sha256":"…"}}                       how the input begins
 *     {"done":[[0,57]],"output":1234,"errors":0,"failed":0}        after what was written, again and again
 *     {"finished":true}
 *
 * `done` are runs of items, from and how many; the others are what has been reached with them: the lengths of the output
 * and of the file of errors, and how many items have failed. What stands in those files behind the last line of the
 * journal belongs to items that it does not know, which run again.
 */
import { createReadStream, existsSync, rmSync, statSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { UsageError } from '../usage-error.js';
import { IndexRanges, toRuns } from './index-ranges.js';
import type { InputStart } from './input-start.js';
import { type Entry, mayBegin, type Position, parseEntry, type Run } from './journal-entries.js';
import { splitLines } from './split-lines.js';
import type { TextFile } from './text-file.js';

const VERSION = 1;

/** What is asked for about items that fail, and may be something else as long as none has: a run may have been stopped. */
const FAILURES = ['on-error', 'error-file'];

/** So much of what differs is shown. */
const MAX_SHOWN = 200;

/** What a journal says. */
interface Contents {
  run: Run | undefined;
  start: InputStart | undefined;
  done: IndexRanges;
  position: Position;
  finished: boolean;
  /** How much of the file that is: its last line may not be whole. */
  length: number;
}

export function journalOf(output: string): string {
  return `${output}.journal`;
}

/** The journal of a run. */
export class Journal {
  readonly path: string;
  /** The input of the earlier run began so. */
  readonly start: InputStart | undefined;
  /** What the earlier run has done. */
  readonly done: IndexRanges;
  readonly position: Position;
  readonly finished: boolean;
  /** What is to be written to it before anything else. */
  readonly #opening: Entry | undefined;
  /** How much of it is kept. */
  readonly #kept: number;
  /** There from {@link begin} on. */
  #file: TextFile | undefined;

  /**
   * Reads the journal, if there is one, and changes nothing.
   *
   * @param asked - what is asked for: a journal of something else is refused.
   * @throws {@link UsageError}
   */
  static async read(path: string, asked: Run): Promise<Journal> {
    // As it comes back from the file.
    const run: Run = JSON.parse(JSON.stringify({ version: VERSION, ...asked }));
    const contents = await readJournal(path);
    if (contents.run !== undefined) refuseOther(path, contents.run, run, contents.position.failed > 0 ? [] : FAILURES);
    return new Journal(path, contents, isDeepStrictEqual(contents.run, run) ? undefined : { run });
  }

  /**
   * For a run without a journal: that of an earlier one does not fit the output any more when it has begun.
   *
   * @returns what removes it.
   * @throws {@link UsageError} if that one has not finished.
   */
  static async supersede(path: string): Promise<() => void> {
    if (!existsSync(path)) return () => {};
    const { finished } = await readJournal(path);
    if (finished) return () => rmSync(path);
    throw new UsageError(
      `${path} is the journal of a run that has not finished: go on with --resume, or remove it to begin again`,
    );
  }

  private constructor(path: string, contents: Contents, opening: Entry | undefined) {
    this.path = path;
    this.start = contents.start;
    this.done = contents.done;
    this.position = contents.position;
    this.finished = contents.finished;
    this.#opening = opening;
    this.#kept = contents.length;
  }

  /** From here on it is written. */
  begin(file: TextFile): void {
    this.#file = file;
    file.cut(this.#kept);
    if (this.#opening !== undefined) this.#append(this.#opening);
  }

  noteStart(start: InputStart): void {
    this.#append({ start });
  }

  /** What these items have given was written, which was as far as `position`. */
  async noteDone(indices: readonly number[], position: Position): Promise<void> {
    const entry: Entry = { done: toRuns(indices), ...position };
    await (this.#file as TextFile).append(`${JSON.stringify(entry)}\n`);
  }

  noteFinished(): void {
    this.#append({ finished: true });
  }

  #append(entry: Entry): void {
    (this.#file as TextFile).appendNow(`${JSON.stringify(entry)}\n`);
  }
}

async function readJournal(path: string): Promise<Contents> {
  const contents: Contents = {
    run: undefined,
    start: undefined,
    done: new IndexRanges(),
    position: { output: 0, errors: 0, failed: 0 },
    finished: false,
    length: 0,
  };
  if (!existsSync(path)) return contents;
  const { size } = statSync(path);
  let number = 0;
  for await (const lines of splitLines(createReadStream(path))) {
    for (const line of lines) {
      const entry = parseEntry(line);
      const end = contents.length + Buffer.byteLength(line) + 1;
      // Its writer was killed in the middle of it.
      if (end > size && mayBegin(line, number === 0)) return contents;
      number++;
      if (entry === undefined || !fits(contents, entry)) refuseLine(`${path}:${number}`);
      accept(contents, entry);
      contents.length = end;
    }
  }
  // Something in it was no text, or had other ends of lines: nobody knows where its lines begin.
  if (contents.length !== size) refuseLine(path);
  return contents;
}

function refuseLine(place: string): never {
  throw new UsageError(`${place} is no line of a journal; remove the file to begin again`);
}

/** Whether an entry can follow what was read: what was asked for comes first, and a run only goes on. */
function fits({ run, position }: Contents, entry: Entry): boolean {
  if ('run' in entry) return true;
  if (run === undefined) return false;
  if (!('done' in entry)) return true;
  return (['output', 'errors', 'failed'] as const).every((key) => entry[key] >= position[key]);
}

function accept(contents: Contents, entry: Entry): void {
  if ('run' in entry) contents.run = entry.run;
  else if ('start' in entry) contents.start = entry.start;
  else if ('finished' in entry) contents.finished = true;
  else {
    const { done, ...position } = entry;
    for (const [from, count] of done) contents.done.add(from, count);
    contents.position = position;
  }
}

/** Results of one function or input must not be continued with those of another. */
function refuseOther(path: string, was: Run, is: Run, free: readonly string[]): void {
  const differing = Object.keys({ ...was, ...is }).filter(
    (key) => !free.includes(key) && !isDeepStrictEqual(was[key], is[key]),
  );
  if (differing.length === 0) return;
  const [key = ''] = differing;
  throw new UsageError(
    `${path} is the journal of another run: its ${key} was ${show(was[key])}, not ${show(is[key])}; ` +
      'use the same, or remove it to begin again',
  );
}

/** A list of files may be long. */
function show(value: unknown): string {
  const text = String(JSON.stringify(value));
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
