import { accessSync, constants, realpathSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

/**
 * The file to start so that a program that passes on its arguments, as setpriv does, gives the child this process's
 * `argv0`: `argv0` itself, where that leads to the file that runs here; otherwise the path of that file.
 */
export function namedAsThisProcess(searchPath: string | undefined): string {
  const { argv0, execPath } = process;
  const found = argv0.includes('/') ? argv0 : findInPath(argv0, searchPath);
  return found !== undefined && isAbsolute(found) && isSameFile(found, execPath) ? argv0 : execPath;
}

function findInPath(name: string, searchPath: string | undefined): string | undefined {
  const paths = (searchPath ?? '').split(delimiter).map((folder) => join(folder, name));
  return paths.find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function isSameFile(path: string, other: string): boolean {
  try {
    return realpathSync(path) === realpathSync(other);
  } catch {
    return false;
  }
}
