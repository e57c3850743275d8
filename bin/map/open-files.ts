import { existsSync, rmSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { UsageError } from '../usage-error.js';
import { claimFile, refuseClaimed } from './file-claim.js';
import { FileError } from './file-error.js';
import { Journal, journalOf } from './journal.js';
import type { Run } from './journal-entries.js';
import { toRealPath } from './real-path.js';
import type { Files } from './result-writer.js';
import type { MapSettings } from './settings.js';
import { TextFile } from './text-file.js';

const STDOUT = 1;

/**
 * Keeps other runs from what one with `--resume` writes; one without only looks whether another has it.
 *
 * @throws {@link UsageError} if another has it, or if it cannot be gone on with.
 */
export async function claimFiles({ output, errorFile, resume }: MapSettings): Promise<void> {
  const paths = [output, errorFile].filter((path) => path !== undefined);
  for (const path of resume ? paths : []) {
    if (existsSync(path) && !statSync(path).isFile())
      throw new UsageError(`--resume needs a file, and ${path} is none`);
  }
  const claim = resume ? claimFile : refuseClaimed;
  for (const path of paths) await opening(path, () => claim(toRealPath(path)));
}

/**
 * Reads the journal of a run that keeps one.
 *
 * @throws {@link UsageError} if it is that of another run, or does not fit the files any more.
 */
export async function readJournal(settings: MapSettings, inputs: readonly string[]): Promise<Journal | undefined> {
  const { output, errorFile, resume } = settings;
  if (output === undefined || !resume) return undefined;
  const path = journalOf(output);
  const journal = await opening(path, () => Journal.read(path, describeRun(settings, inputs)));
  const { output: length, errors } = journal.position;
  refuseChanged(output, journal, length, journal.finished || length > 0);
  if (errorFile !== undefined) refuseChanged(errorFile, journal, errors);
  return journal;
}

/** What must be the same when the run is resumed; how fast it is need not be. */
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

/** @param length - so long it was when something was noted last. */
function refuseChanged(path: string, journal: Journal, length: number, mustExist = length > 0): void {
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  const isGone = size === undefined && mustExist;
  if (!isGone && (size ?? 0) >= length) return;
  throw new UsageError(
    `${path} ${isGone ? 'is gone' : `has ${size} bytes`}, but its journal knows of ${length}: it was changed since; ` +
      `remove ${journal.path} to begin again`,
  );
}

/**
 * Opens what a run writes: anew, or behind what its journal knows. Until all can be written, nothing is changed.
 *
 * @throws {@link UsageError} if one cannot be written.
 */
export async function openFiles({ output, errorFile }: MapSettings, journal: Journal | undefined): Promise<Files> {
  const undos: (() => void)[] = [];
  const open = (path: string) => opening(path, () => openFile(path, undos));
  try {
    const superseded = output === undefined || journal ? undefined : await Journal.supersede(journalOf(output));
    const results = output === undefined ? new TextFile('stdout', STDOUT) : await open(output);
    const errors = errorFile === undefined ? undefined : await open(errorFile);
    if (journal !== undefined) {
      const file = await open(journal.path);
      await opening(journal.path, () => journal.begin(file));
    }
    if (output !== undefined) results.cut(journal?.position.output ?? 0);
    errors?.cut(journal?.position.errors ?? 0);
    superseded?.();
    return { output: results, errors, journal };
  } catch (error) {
    for (const undo of undos) undo();
    throw error;
  }
}

function openFile(path: string, undos: (() => void)[]): TextFile {
  const place = toRealPath(path);
  const isNew = !existsSync(place);
  const file = TextFile.open(path);
  undos.push(() => {
    file.close();
    if (isNew) rmSync(place);
  });
  return file;
}

async function opening<T>(path: string, open: () => T | Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    if (error instanceof UsageError) throw error;
    if (error instanceof FileError) throw new UsageError(error.message);
    throw new UsageError(`cannot write ${path}: ${(error as Error).message}`);
  }
}
