import { readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

/** The path of a file without links. The file need not exist: a dangling link gives the path it would create. */
export function toRealPath(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? resolveMissing(resolve(path)) : resolve(path);
  }
}

function resolveMissing(path: string): string {
  const folder = dirname(path);
  if (folder === path) return path;
  const location = join(toRealPath(folder), basename(path));
  const target = readLink(location);
  return target === undefined ? location : toRealPath(resolve(dirname(location), target));
}

/** @returns `undefined` unless the path is a link. */
function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
