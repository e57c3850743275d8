import { accessSync, constants, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { getChildState } from './child/state.js';
import type { ChildMark } from './child-mark.js';
import { currentFolder } from './current-folder.js';

/** The folder this process was started in. A program that leaves it before it loads the package leaves no trace of it. */
const startFolder = getChildState()?.startFolder ?? currentFolder();

/** Where a child is started, and the mark that has it go on to where it should work. */
interface Start {
  cwd: string | URL | undefined;
  mark?: Pick<ChildMark, 'folder'>;
}

/**
 * Starts a child that should work in `cwd` where this process has started.
 *
 * Node.js looks for what its options name (`--import tsx`, `--require ./setup.cjs`, `--env-file .env`, and the same in
 * NODE_OPTIONS) from the folder it is started in. To a child that inherits them they must mean what they mean here, so
 * it leaves that folder only after them. See `createChildState`.
 */
export function startWhereParentDid(cwd: string | URL | undefined): Start {
  const folder = cwd === undefined ? currentFolder() : resolve(cwd instanceof URL ? fileURLToPath(cwd) : cwd);
  const differs = folder !== undefined && startFolder !== undefined && folder !== startFolder;
  // Otherwise starting it there says best what is wrong with the folder.
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
