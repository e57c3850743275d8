/** A run resumes only with the settings, the files and the input of the run that its journal describes. */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { UsageError } from '../../util/errors.js';
import { orUsageError } from '../files/open-files.js';
import type { MapSettings } from '../settings.js';
import type { InputStart, Run } from './entries.js';
import { Journal, journalPath } from './journal.js';

/**
 * Reads the journal of a run with `--resume`.
 *
 * @throws {@link UsageError} if it describes another run, or no longer fits the files.
 */
export async function readJournal(settings: MapSettings, inputs: readonly string[]): Promise<Journal | undefined> {
  const { output, errorFile, resume } = settings;
  if (output === undefined || !resume) return undefined;
  const path = journalPath(output);
  const journal = await orUsageError(path, () => Journal.read(path, describeRun(settings, inputs)));
  checkSettings(journal);
  const { output: length, errors } = journal.position;
  checkFile(output, journal, length, journal.finished || length > 0);
  if (errorFile !== undefined) checkFile(errorFile, journal, errors, errors > 0);
  return journal;
}

/** The settings that must stay the same. Those that only affect the speed may change. */
function describeRun({ target, format, ordered, onError, errorFile }: MapSettings, inputs: readonly string[]): Run {
  return {
    function: `${target.module}#${target.name}`,
    format,
    input: inputs,
    unordered: !ordered,
    'on-error': onError,
    ...(errorFile !== undefined && { 'error-file': resolve(errorFile) }),
  };
}

/** These may change until the first item has failed: a run that stopped at a failure may resume with `--on-error skip`. */
const FAILURE_SETTINGS = ['on-error', 'error-file'];

/** The results of one function or input must not continue those of another. */
function checkSettings({ path, run, earlierRun, position }: Journal): void {
  if (earlierRun === undefined) return;
  const free = position.failed > 0 ? [] : FAILURE_SETTINGS;
  const key = Object.keys({ ...earlierRun, ...run }).find(
    (each) => !free.includes(each) && !isDeepStrictEqual(earlierRun[each], run[each]),
  );
  if (key === undefined) return;
  throw new UsageError(
    `${path} belongs to another run: its ${key} was ${show(earlierRun[key])}, not ${show(run[key])}; ` +
      'use the same settings, or remove the journal to start again',
  );
}

/** The longest value in a message: a list of files may be long. */
const MAX_SHOWN = 200;

function show(value: unknown): string {
  const text = String(JSON.stringify(value));
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

/** @param length - the length that the journal records. */
function checkFile(path: string, journal: Journal, length: number, mustExist: boolean): void {
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  const isGone = size === undefined && mustExist;
  if (!isGone && (size ?? 0) >= length) return;
  throw new UsageError(
    `${path} ${isGone ? 'is gone' : `has only ${size} bytes`}, but its journal records ${length} bytes; ` +
      `restore the file, or remove ${journal.path} to start again`,
  );
}

/**
 * Compares the start of the input with that of the earlier run, or records it for a later one. The start is the first
 * chunk of the first file that is not empty.
 */
export class InputCheck {
  readonly #expected: InputStart | undefined;
  readonly #record: (start: InputStart) => void;
  #isDone = false;

  /**
   * @param expected - the start of the earlier run's input, if there was one.
   * @param record - receives the start otherwise.
   */
  constructor(expected: InputStart | undefined, record: (start: InputStart) => void) {
    this.#expected = expected;
    this.#record = record;
  }

  /**
   * Passes the chunks of a file through.
   *
   * @throws {@link UsageError} if the input starts differently, before any of it is passed on.
   */
  async *check(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
    const held: Buffer[] = [];
    let length = 0;
    for await (const chunk of chunks) {
      if (this.#isDone) {
        yield chunk;
        continue;
      }
      held.push(chunk);
      length += chunk.length;
      if (length < (this.#expected?.bytes ?? 1)) continue;
      const start = Buffer.concat(held);
      this.#compare(start);
      yield start;
    }
    if (!this.#isDone && length > 0) this.#compare(Buffer.concat(held));
  }

  #compare(start: Buffer): void {
    if (this.#expected === undefined) this.#record(fingerprint(start));
    else refuseOther(start, this.#expected);
    this.#isDone = true;
  }

  /**
   * Call this at the end of the last file.
   *
   * @throws {@link UsageError} if all files were empty and the earlier input was not.
   */
  end(): void {
    if (!this.#isDone && this.#expected !== undefined) refuseOther(Buffer.alloc(0), this.#expected);
  }
}

function fingerprint(bytes: Buffer): InputStart {
  return { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

function refuseOther(bytes: Buffer, expected: InputStart): void {
  if (fingerprint(bytes.subarray(0, expected.bytes)).sha256 === expected.sha256) return;
  throw new UsageError(
    `the input is not that of the earlier run: its first ${expected.bytes} bytes differ; ` +
      'use the same input, or remove the journal to start again',
  );
}
