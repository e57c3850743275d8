/** The descendants of a process, from /proc on Linux. Elsewhere the lists are empty. */
import { readdirSync, readFileSync } from 'node:fs';

/** A process. Ids are reused: the start time distinguishes processes with the same id. */
export interface ProcessId {
  readonly pid: number;
  /** In clock ticks since the machine started. */
  readonly startTime: string;
}

interface Stat extends ProcessId {
  readonly parent: number;
}

/** The indices of fields after the name of the program, which may contain any characters. */
const STATE = 0;
const PARENT = 1;
const START_TIME = 19;

/** @returns undefined if no process with this id is alive. */
function readStat(pid: number): Stat | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const isDead = fields[STATE] === 'Z' || fields[STATE] === 'X';
    return isDead ? undefined : { pid, parent: Number(fields[PARENT]), startTime: fields[START_TIME] ?? '' };
  } catch {
    return undefined;
  }
}

/** @returns undefined if it is not a living child of that parent. */
export function findChild(parent: number, pid: number): ProcessId | undefined {
  const stat = readStat(pid);
  return stat?.parent === parent ? stat : undefined;
}

/** All living descendants of a process. */
export function findDescendants(pid: number): ProcessId[] {
  return findChildren(pid).flatMap((child) => [child, ...findDescendants(child.pid)]);
}

/** Linux lists the children of each thread. */
function findChildren(pid: number): ProcessId[] {
  const threads = `/proc/${pid}/task`;
  try {
    return readdirSync(threads)
      .flatMap((thread) => readFileSync(`${threads}/${thread}/children`, 'utf8').split(' '))
      .flatMap((child) => findChild(pid, Number(child)) ?? []);
  } catch {
    return [];
  }
}

export function isAlive({ pid, startTime }: ProcessId): boolean {
  return readStat(pid)?.startTime === startTime;
}

/** Kills the living ones of these processes, and all of their descendants. */
export function killTrees(roots: readonly ProcessId[]): void {
  for (const root of roots) {
    if (!isAlive(root)) continue;
    // While it is stopped, it cannot start processes.
    send(root.pid, 'SIGSTOP');
    killTrees(findChildren(root.pid));
    send(root.pid, 'SIGKILL');
  }
}

/** The process may have exited, or belong to another user. */
function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {}
}
