/**
 * Lets children end in order when the program ends and nobody has ended their pool: on Linux the kernel kills them with
 * it, and what they write at their own end would be lost.
 */
import { readFileSync } from 'node:fs';
import { performance } from './util/clock.js';

/** How long the end of the program waits at most, in milliseconds. */
const MAX_WAIT = 5000;
/** The time between two looks at the processes, in milliseconds. */
const PAUSE = 5;

/** Options of Node.js with which a process writes a file at its end. */
const PROFILES = /^--(?:cpu|heap)[-_]prof$/;

/** Whether a process with these options and environment writes coverage or profiles when it exits. */
export function writesAtExit(options: readonly string[], env: NodeJS.ProcessEnv): boolean {
  if (env.NODE_V8_COVERAGE) return true;
  return [...options, ...(env.NODE_OPTIONS ?? '').split(/\s+/)].some((option) => PROFILES.test(option));
}

/** How each child is asked to end. */
const children = new Map<number, () => void>();

/**
 * Has the end of the program wait for a child, as long as it can be asked what became of it: on Linux.
 *
 * @param end - asks the child to end; must have done so when it returns.
 * @returns what is to be called when the child has ended.
 */
export function waitAtExit(pid: number, end: () => void): () => void {
  if (children.size === 0) process.on('exit', endAll);
  children.set(pid, end);
  return () => {
    children.delete(pid);
    if (children.size === 0) process.off('exit', endAll);
  };
}

/** The event loop does not run any more, so there is no event to wait for. */
function endAll(): void {
  for (const end of children.values()) end();
  const cell = new Int32Array(new SharedArrayBuffer(4));
  const deadline = performance.now() + MAX_WAIT;
  const pids = [...children.keys()];
  while (pids.some(isRunning) && performance.now() < deadline) Atomics.wait(cell, 0, 0, PAUSE);
}

/** A process that has ended stays in the list of processes until its parent asks about it: its state is Z then. */
function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // pid (name) state …
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}
