/**
 * The journal of a run with `--resume` stands beside its output, as `<output>.journal`. It records which items are done,
 * so that the same command can continue the run after an interrupt or a kill at any moment. The file consists of JSON
 * lines, and runs only append to it:
 *
 *     {"run":{"version":1,…}}                                      the settings; the last such line counts
 *     {"start":{"bytes":65536,"sha256":"…"}}                       the start of the input
 *     {"done":[[0,57]],"output":1234,"errors":0,"failed":0}        after each write
 *     {"finished":true}
 *
 * `done` holds ranges of items, `[from, count]`. `output` and `errors` are the lengths of the output and the error file
 * once those items are written, and `failed` is the number of failed items so far. Anything beyond the last recorded
 * lengths belongs to items that the journal does not list; a resumed run truncates the files and runs those items again.
 */
import { createReadStream, existsSync, rmSync, statSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { UsageError } from '../../util/errors.js';
import type { TextFile } from '../files/text-file.js';
import { splitLines } from '../input/split-lines.js';
import { type Entry, type InputStart, mayBegin, type Position, parseEntry, type Run } from './entries.js';
import { IndexRanges, toRanges } from './index-ranges.js';

const VERSION = 1;

interface Contents {
  run: Run | undefined;
  start: InputStart | undefined;
  done: IndexRanges;
  position: Position;
  finished: boolean;
  /** The length of all complete lines: the last line of the file may be cut off. */
  length: number;
}

export function journalPath(output: string): string {
  return `${output}.journal`;
}

export class Journal {
  readonly path: string;
  /** The settings of this run, and those of the run that it continues. */
  readonly run: Run;
  readonly earlierRun: Run | undefined;
  /** The state of the earlier run. */
  readonly start: InputStart | undefined;
  readonly done: IndexRanges;
  readonly position: Position;
  readonly finished: boolean;
  /** How much of the file is kept. */
  readonly #kept: number;
  /** Set by {@link begin}. */
  #file: TextFile | undefined;

  /**
   * Reads the journal, if there is one. Changes nothing.
   *
   * @param settings - those of this run.
   * @throws {@link UsageError} if the file is not a valid journal.
   */
  static async read(path: string, settings: Run): Promise<Journal> {
    // In the form in which a file returns them.
    const run: Run = JSON.parse(JSON.stringify({ version: VERSION, ...settings }));
    return new Journal(path, run, await readContents(path));
  }

  /**
   * For a run without a journal, whose output will no longer fit the journal of an earlier one.
   *
   * @returns a function that removes the earlier journal.
   * @throws {@link UsageError} if the earlier run has not finished.
   */
  static async supersede(path: string): Promise<() => void> {
    if (!existsSync(path)) return () => {};
    const { finished } = await readContents(path);
    if (finished) return () => rmSync(path);
    throw new UsageError(
      `${path} belongs to an unfinished run: continue it with --resume, or remove the journal to start again`,
    );
  }

  private constructor(path: string, run: Run, earlier: Contents) {
    this.path = path;
    this.run = run;
    this.earlierRun = earlier.run;
    this.start = earlier.start;
    this.done = earlier.done;
    this.position = earlier.position;
    this.finished = earlier.finished;
    this.#kept = earlier.length;
  }

  /** Starts writing. */
  begin(file: TextFile): void {
    this.#file = file;
    file.cut(this.#kept);
    if (!isDeepStrictEqual(this.earlierRun, this.run)) this.#append({ run: this.run });
  }

  recordStart(start: InputStart): void {
    this.#append({ start });
  }

  /** Call this after the results of these items are written, with the lengths of the files. */
  async recordDone(indices: readonly number[], position: Position): Promise<void> {
    const entry: Entry = { done: toRanges(indices), ...position };
    await (this.#file as TextFile).append(`${JSON.stringify(entry)}\n`);
  }

  recordFinished(): void {
    this.#append({ finished: true });
  }

  #append(entry: Entry): void {
    (this.#file as TextFile).appendNow(`${JSON.stringify(entry)}\n`);
  }
}

async function readContents(path: string): Promise<Contents> {
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
      // The last line is cut off if its process was killed while writing it.
      if (end > size && mayBegin(line, number === 0)) return contents;
      number++;
      if (entry === undefined || !fits(contents, entry)) {
        throw new UsageError(`${path}:${number} is not a valid journal line; remove the file to start again`);
      }
      apply(contents, entry);
      contents.length = end;
    }
  }
  // Other line breaks, or bytes that are not UTF-8, shift the lengths: the ends of the lines are unknown.
  if (contents.length !== size) {
    throw new UsageError(`${path} is not UTF-8 text with \\n line breaks; remove the file to start again`);
  }
  return contents;
}

/** Whether an entry can follow those before it: the settings come first, and lengths and counts never shrink. */
function fits({ run, position }: Contents, entry: Entry): boolean {
  if ('run' in entry) return true;
  if (run === undefined) return false;
  if (!('done' in entry)) return true;
  return (['output', 'errors', 'failed'] as const).every((key) => entry[key] >= position[key]);
}

function apply(contents: Contents, entry: Entry): void {
  if ('run' in entry) contents.run = entry.run;
  else if ('start' in entry) contents.start = entry.start;
  else if ('finished' in entry) contents.finished = true;
  else {
    const { done, ...position } = entry;
    for (const [from, count] of done) contents.done.add(from, count);
    contents.position = position;
  }
}
