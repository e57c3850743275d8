import { BootstrapError } from '../errors.js';
import { requireRealTimers } from '../util/clock.js';
import { requirePermissions } from '../util/permissions.js';
import { isMarked } from './child-mark.js';
import { getChildState } from './child-state.js';
import { refuseOutsideOfTask } from './current-task.js';

/**
 * Checks, before the first process is started, that this program can have children.
 *
 * @param what - what is being created, as `a Pool`.
 * @param execPath - the option of that name.
 * @throws {@link BootstrapError} if its processes could not become children, or would start processes without end.
 */
export function requireStartable(what: string, execPath: string | undefined): void {
  requireNode(what);
  refuseFrozenIntrinsics(what);
  refuseOutsideOfTask(what);
  refuseInUnstartedChild(what);
  if (execPath === undefined) refuseInOtherHost(what);
  requirePermissions(what);
  requireRealTimers();
}

/** Why a pool cannot run in other runtimes. */
const MISSING = {
  bun: 'the node:inspector of Bun lacks Runtime.evaluate, which locates functions',
  deno: 'a child process of Deno does not get the permissions of its parent',
};

function requireNode(what: string): void {
  for (const [name, missing] of Object.entries(MISSING)) {
    if (process.versions[name] === undefined) continue;
    throw new BootstrapError(`${what} needs Node.js: ${missing}; run the program with node`);
  }
}

/** The flag turns the methods of promises into accessors. execa, which copies them as values, then cannot start a process. */
function refuseFrozenIntrinsics(what: string): void {
  if (Object.getOwnPropertyDescriptor(Promise.prototype, 'then')?.value !== undefined) return;
  throw new BootstrapError(`${what} cannot start processes under --frozen-intrinsics; run node without this flag`);
}

/**
 * Some options of Node.js make a child run code of the program before its own, or instead of it: a preloaded module, a
 * program text. Some executables always run the program that they contain. If that code created processes, each of
 * them would create more, without end.
 */
function refuseInUnstartedChild(what: string): void {
  if (!isMarked() || getChildState() !== undefined) return;
  throw new BootstrapError(
    `${what} was created in a child process by code that runs before the child itself, or instead of it. Guard a ` +
      'preloaded module with "if (isMainProcess)"; in an executable that contains its program, set the option ' +
      '"execPath" to the path of a Node.js',
  );
}

/** An executable that contains its program runs that program, whichever file it is given. */
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
