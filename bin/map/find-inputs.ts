import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { UsageError } from '../usage-error.js';

export const STDIN = '-';

/**
 * The files that are meant by paths and globs, each glob's in the order of their names; `-` stays.
 *
 * @throws {@link UsageError} if there is none.
 */
export async function findInputs(patterns: readonly string[]): Promise<string[]> {
  const found = await Promise.all(patterns.map(find));
  return found.flat();
}

async function find(pattern: string): Promise<string[]> {
  if (pattern === STDIN) return [STDIN];
  const stats = statSync(pattern, { throwIfNoEntry: false });
  if (stats?.isDirectory()) throw new UsageError(`${pattern} is a folder; name its files, as in '${pattern}/*'`);
  if (stats !== undefined) return [resolve(pattern)];
  const { glob, isDynamicPattern } = await import('tinyglobby');
  if (!isDynamicPattern(pattern)) throw new UsageError(`there is no file ${pattern}`);
  const files = await glob(pattern, { absolute: true, expandDirectories: false });
  if (files.length === 0) throw new UsageError(`no file matches ${pattern}`);
  return files.sort();
}
