import { readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

/** Where a file is, or would be if it were made: links are followed, also one that leads to nothing. */
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
  const place = join(toRealPath(folder), basename(path));
  const target = readLink(place);
  return target === undefined ? place : toRealPath(resolve(dirname(place), target));
}

/** @returns `undefined` for what is no link. */
function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
