/**
 * Lets children exit in order when the program exits with an open pool: on Linux the kernel kills them together with
 * the program, and the files that they write at exit would be lost.
 */
import { readFileSync } from 'node:fs';
import { performance } from '../util/clock.js';

/** The longest wait at the exit of the program, in milliseconds. */
const MAX_WAIT = 5000;
/** The time between two checks of the processes, in milliseconds. */
const PAUSE = 5;

/** Options of Node.js that make a process write a file at exit. */
const PROFILES = /^--(?:cpu|heap)[-_]prof$/;

/** Whether a process with these options and environment writes coverage or profiles when it exits. */
export function writesAtExit(options: readonly string[], env: NodeJS.ProcessEnv): boolean {
  if (env.NODE_V8_COVERAGE) return true;
  return [...options, ...(env.NODE_OPTIONS ?? '').split(/\s+/)].some((option) => PROFILES.test(option));
}

/** By process id, the functions that ask a child to end. */
const children = new Map<number, () => void>();

/**
 * Makes the exit of the program wait for a child. Works on Linux, which shows the state of a process in /proc.
 *
 * @param end - asks the child to end, synchronously.
 * @returns a function to call when the child has ended.
 */
export function waitAtExit(pid: number, end: () => void): () => void {
  if (children.size === 0) process.on('exit', endAll);
  children.set(pid, end);
  return () => {
    children.delete(pid);
    if (children.size === 0) process.off('exit', endAll);
  };
}

/** The event loop has stopped, so this polls instead of waiting for events. */
function endAll(): void {
  for (const end of children.values()) end();
  const cell = new Int32Array(new SharedArrayBuffer(4));
  const deadline = performance.now() + MAX_WAIT;
  const pids = [...children.keys()];
  while (pids.some(isRunning) && performance.now() < deadline) Atomics.wait(cell, 0, 0, PAUSE);
}

/** A process that has exited stays in the process list, in state Z, until its parent reaps it. */
function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // pid (name) state …
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}
