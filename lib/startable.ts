import { refuseOutsideOfTask } from './child/current-task.js';
import { getChildState } from './child/state.js';
import { isMarked } from './child-mark.js';
import { BootstrapError } from './errors.js';
import { requireNode } from './runtime.js';
import { requireRealTimers } from './util/clock.js';
import { requirePermissions } from './util/permissions.js';

/**
 * Asked before the first process of whatever starts some.
 *
 * @param what - is about to be created, with its article.
 * @param execPath - the option.
 * @throws {@link BootstrapError} if this program's processes could not become children, or would start others without end.
 */
export function requireStartable(what: string, execPath: string | undefined): void {
  requireNode(what);
  refuseOutsideOfTask(what);
  refuseInUnstartedChild(what);
  if (execPath === undefined) refuseInOtherHost(what);
  requirePermissions(what);
  requireRealTimers();
}

/**
 * Some options of Node.js run code of the program in a child before, or instead of, the child's own: a preloaded
 * module, a program text. Some executables always run the program that they contain. Should that create processes,
 * each of them would do the same, without end.
 */
function refuseInUnstartedChild(what: string): void {
  if (!isMarked() || getChildState() !== undefined) return;
  throw new BootstrapError(
    `${what} was created in a child process by code that runs before the child itself, or instead of it. Guard a ` +
      'preloaded module with "if (isMainProcess)"; in an executable that contains its program, set the option ' +
      '"execPath" to the path of a Node.js',
  );
}

/** An executable that contains its program starts that again, whatever file it is told to run. */
function refuseInOtherHost(what: string): void {
  const host = nameHost();
  if (host === undefined) return;
  throw new BootstrapError(
    `${what} cannot be created in ${host}: its executable would run this program again instead of the child. ` +
      'Set the option "execPath" to the path of a Node.js',
  );
}

function nameHost(): string | undefined {
  if (process.getBuiltinModule('node:sea')?.isSea()) return 'a single executable application';
  if (process.versions.electron !== undefined && !process.env.ELECTRON_RUN_AS_NODE) return 'Electron';
  return 'pkg' in process ? 'an executable made by pkg' : undefined;
}
