/** The processes below another one, as Linux tells of them in /proc. Elsewhere there are none. */
import { readdirSync, readFileSync } from 'node:fs';

/** A process. Ids are used again: the time at which it has started tells two of them apart. */
export interface ProcessId {
  readonly pid: number;
  /** In the clock ticks of Linux, since the machine has started. */
  readonly startTime: string;
}

interface Stat extends ProcessId {
  readonly parent: number;
}

/** Where these stand behind the name of the program, which may contain anything. */
const STATE = 0;
const PARENT = 1;
const START_TIME = 19;

/** @returns nothing if there is no living process of this id. */
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

/** @returns nothing if it is not a living child of that parent. */
export function findChild(parent: number, pid: number): ProcessId | undefined {
  const stat = readStat(pid);
  return stat?.parent === parent ? stat : undefined;
}

/** All living processes below this one. */
export function findDescendants(pid: number): ProcessId[] {
  return findChildren(pid).flatMap((child) => [child, ...findDescendants(child.pid)]);
}

/** A process has a list of children for each of its threads. */
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

/** Kills those of these processes that still live, and all below them. */
export function killTrees(roots: readonly ProcessId[]): void {
  for (const root of roots) {
    if (!isAlive(root)) continue;
    // While it is stopped it starts nothing more.
    send(root.pid, 'SIGSTOP');
    killTrees(findChildren(root.pid));
    send(root.pid, 'SIGKILL');
  }
}

/** The process may be gone, or belong to another user. */
function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {}
}
