import { accessSync, constants, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ChildMark } from './child-mark.js';
import { currentFolder, getChildState } from './child-state.js';

/** The folder in which this process started. It is unknown if the program changed it before it loaded the package. */
const startFolder = getChildState()?.startFolder ?? currentFolder();

/** The folder in which a child starts, and the mark with the folder to which it changes then. */
interface Start {
  cwd: string | URL | undefined;
  mark?: Pick<ChildMark, 'folder'>;
}

/**
 * Has a child start in the folder in which this process started, and change to `cwd` then.
 *
 * Node.js resolves the files in its options (`--import tsx`, `--require ./setup.cjs`, `--env-file .env`, and those in
 * NODE_OPTIONS) from the folder in which it starts. A child that inherits them must resolve them to the same files, so it
 * changes its folder only afterwards, in `createChildState`.
 */
export function startWhereParentDid(cwd: string | URL | undefined): Start {
  const folder = cwd === undefined ? currentFolder() : resolve(cwd instanceof URL ? fileURLToPath(cwd) : cwd);
  const differs = folder !== undefined && startFolder !== undefined && folder !== startFolder;
  // Otherwise it starts in `cwd`: the error of that start says best what is wrong with the folder.
  if (differs && isEnterable(folder) && isEnterable(startFolder)) return { cwd: startFolder, mark: { folder } };
  return { cwd };
}

function isEnterable(folder: string): boolean {
  try {
    accessSync(folder, constants.X_OK);
    return statSync(folder).isDirectory();
  } catch {
    return false;
  }
}
