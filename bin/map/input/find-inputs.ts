import { accessSync, constants, fstatSync, type Stats, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { STDIN_FD } from '../../util/descriptors.js';
import { UsageError } from '../../util/errors.js';

/** Stands for stdin among the paths of inputs. */
export const STDIN = '-';

/**
 * Resolves paths and globs to files. The files of a glob are sorted by name; `-` stays as it is.
 *
 * @throws {@link UsageError} if a path or a glob matches nothing.
 */
export async function findInputs(patterns: readonly string[]): Promise<string[]> {
  const found = await Promise.all(patterns.map(find));
  return found.flat();
}

async function find(pattern: string): Promise<string[]> {
  if (pattern === STDIN) {
    if (fstatSync(STDIN_FD).isDirectory()) throw new UsageError('stdin is a folder');
    return [STDIN];
  }
  const stats = lookUp(pattern);
  if (stats?.isDirectory()) throw new UsageError(`${pattern} is a folder; name its files, as in '${pattern}/*'`);
  if (stats !== undefined) return [resolve(pattern)];
  const { glob, isDynamicPattern } = await import('tinyglobby');
  if (!isDynamicPattern(pattern)) throw new UsageError(`there is no file ${pattern}`);
  const files = await glob(pattern, { absolute: true, expandDirectories: false });
  if (files.length === 0) throw new UsageError(`no file matches ${pattern}`);
  return files.sort();
}

/** @returns `undefined` if there is no such file, or if the text is too long for a file name, as a glob may be. */
function lookUp(path: string): Stats | undefined {
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats !== undefined) accessSync(path, constants.R_OK);
    return stats;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENAMETOOLONG') return undefined;
    throw new UsageError(`cannot read ${path}: ${(error as Error).message}`);
  }
}
