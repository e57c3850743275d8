import { spawnSync } from 'node:child_process';
import { accessSync, constants, realpathSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

/** A program and its arguments. */
export type Command = [file: string, ...args: string[]];

/** With these options setpriv of util-linux has the kernel send SIGKILL when the parent dies, also in a busy loop. */
const SIGNAL = ['--pdeathsig', 'KILL'];

let setpriv: string | undefined;
let looked = false;

/**
 * The command that starts `command` so that the kernel kills it when this process dies, however it dies; undefined where
 * no setpriv can do that.
 *
 * setpriv replaces itself with `command`, which keeps the process id and the pipes. The parent may die before setpriv has
 * asked for the signal, so the child has to compare the id of its parent.
 *
 * For the kernel, the parent is the thread that starts a process. A pool of a `worker_threads` Worker therefore dies
 * with its thread, as its timers and sockets do; no other thread reads its pipes.
 */
export function tieToParent(command: Command): Command | undefined {
  if (!looked) {
    looked = true;
    const folders = ['/usr/bin', '/bin', ...(process.env.PATH ?? '').split(delimiter)];
    setpriv = process.platform === 'linux' ? findSetpriv(folders) : undefined;
  }
  return setpriv === undefined ? undefined : [setpriv, ...SIGNAL, ...command];
}

/** The first setpriv in these folders that knows the signal: those of busybox and of util-linux before 2.33 do not. */
export function findSetpriv(folders: readonly string[]): string | undefined {
  return folders
    .filter(isAbsolute)
    .map((folder) => join(folder, 'setpriv'))
    .find((path) => isExecutable(path) && canSignal(path));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Has setpriv start itself, which takes about two milliseconds. */
function canSignal(path: string): boolean {
  return spawnSync(path, [...SIGNAL, path, '--version'], { stdio: 'ignore' }).status === 0;
}

/**
 * The file to run so that the child has the `argv0` of this process although setpriv, which passes its arguments on,
 * starts it: `argv0` itself if it leads to the file that runs here, otherwise the path of that file.
 */
export function namedAsThisProcess(searchPath: string | undefined): string {
  const { argv0, execPath } = process;
  const found = argv0.includes('/') ? argv0 : findInPath(argv0, searchPath);
  return found !== undefined && isAbsolute(found) && isSameFile(found, execPath) ? argv0 : execPath;
}

function findInPath(name: string, searchPath = ''): string | undefined {
  const paths = searchPath.split(delimiter).map((folder) => join(folder, name));
  return paths.find(isExecutable);
}

function isSameFile(path: string, other: string): boolean {
  try {
    return realpathSync(path) === realpathSync(other);
  } catch {
    return false;
  }
}
