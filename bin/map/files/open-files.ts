import { existsSync, rmSync, statSync } from 'node:fs';
import { STDOUT_FD } from '../../util/descriptors.js';
import { FileError, UsageError } from '../../util/errors.js';
import { Journal, journalPath } from '../journal/journal.js';
import type { Files } from '../output/result-writer.js';
import type { MapSettings } from '../settings.js';
import { lockFile, refuseLocked } from './lock-file.js';
import { toRealPath } from './real-path.js';
import { TextFile } from './text-file.js';

/**
 * Locks the files that a run with `--resume` writes. A run without it only checks that no other run holds them.
 *
 * @throws {@link UsageError} if another run holds one, or if the run could not resume it.
 */
export async function lockFiles({ output, errorFile, resume }: MapSettings): Promise<void> {
  const paths = [output, errorFile].filter((path) => path !== undefined);
  for (const path of resume ? paths : []) {
    if (existsSync(path) && !statSync(path).isFile())
      throw new UsageError(`--resume requires a regular file; ${path} is not one`);
  }
  const lock = resume ? lockFile : refuseLocked;
  for (const path of paths) await orUsageError(path, () => lock(toRealPath(path)));
}

/**
 * Opens the files that a run writes, either empty or at the length that its journal records. Changes no file until all
 * of them are known to be writable.
 *
 * @throws {@link UsageError} if one cannot be written.
 */
export async function openFiles({ output, errorFile }: MapSettings, journal: Journal | undefined): Promise<Files> {
  const undos: (() => void)[] = [];
  const open = (path: string) => orUsageError(path, () => openFile(path, undos));
  try {
    const superseded = output === undefined || journal ? undefined : await Journal.supersede(journalPath(output));
    const results = output === undefined ? new TextFile('stdout', STDOUT_FD) : await open(output);
    const errors = errorFile === undefined ? undefined : await open(errorFile);
    if (journal !== undefined) {
      const file = await open(journal.path);
      await orUsageError(journal.path, () => journal.begin(file));
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
  const location = toRealPath(path);
  const isNew = !existsSync(location);
  const file = TextFile.open(path);
  undos.push(() => {
    file.close();
    if (isNew) rmSync(location);
  });
  return file;
}

/** Before a run starts, a file that it cannot write is a usage error. */
export async function orUsageError<T>(path: string, action: () => T | Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof UsageError) throw error;
    if (error instanceof FileError) throw new UsageError(error.message);
    throw new UsageError(`cannot write ${path}: ${(error as Error).message}`);
  }
}
