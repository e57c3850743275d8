import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

/** A program and its arguments. */
export type Command = [file: string, ...args: string[]];

/** What util-linux's setpriv has the kernel do: send SIGKILL when the parent dies, even to a process in a busy loop. */
const SIGNAL = ['--pdeathsig', 'KILL'];

let setpriv: string | undefined;
let looked = false;

/**
 * The command that starts `command` so that the kernel kills it when this process dies, however this process dies;
 * nothing where that cannot be had.
 *
 * setpriv replaces itself with `command`: the process id, the pipes and the way it ends are those of `command`. The
 * parent may die before setpriv has asked for the signal, so the process that it starts has to compare its parent.
 *
 * To the kernel, the parent is the thread that starts a process. A pool of a `worker_threads` Worker therefore dies
 * with its thread, as its timers and sockets do. The thread is also the only one that reads its pipes.
 */
export function tieToParent(command: Command): Command | undefined {
  if (!looked) {
    looked = true;
    const folders = ['/usr/bin', '/bin', ...(process.env.PATH ?? '').split(delimiter)];
    setpriv = process.platform === 'linux' ? findSetpriv(folders) : undefined;
  }
  return setpriv === undefined ? undefined : [setpriv, ...SIGNAL, ...command];
}

/** The first setpriv in these folders that works: busybox's, and util-linux's before 2.33, do not know the signal. */
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

/** Has it start itself, which takes about two milliseconds. */
function canSignal(path: string): boolean {
  return spawnSync(path, [...SIGNAL, path, '--version'], { stdio: 'ignore' }).status === 0;
}
