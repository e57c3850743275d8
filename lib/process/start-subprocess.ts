import type { ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setImmediate } from '../util/clock.js';

/** The process that {@link startSubprocess} started, or why it could not. */
type Started<T> = { subprocess: T } | { subprocess: undefined; failure: Promise<Error> };

/**
 * Starts a process with `start`, which calls execa.
 *
 * If no file descriptors are left, Node.js creates a process without streams and emits the reason as an event. execa
 * throws because of the missing streams before a listener can be added, and the event would end the program.
 */
export function startSubprocess<T>(start: () => T): Started<T> {
  const created: ChildProcess[] = [];
  const note = (message: unknown) => created.push((message as { process: ChildProcess }).process);
  subscribe('child_process', note);
  try {
    return { subprocess: start() };
  } catch (error) {
    const [subprocess] = created;
    if (subprocess === undefined) throw error;
    return { subprocess: undefined, failure: abandon(subprocess, error as Error) };
  } finally {
    unsubscribe('child_process', note);
  }
}

/**
 * Kills the process if it runs: execa may also fail after the start.
 *
 * @returns the reason: the error that Node.js emits in the next tick, or else the error of execa.
 */
function abandon(subprocess: ChildProcess, thrown: Error): Promise<Error> {
  return new Promise((resolve) => {
    subprocess.on('error', resolve);
    if (subprocess.pid !== undefined) subprocess.kill('SIGKILL');
    setImmediate(resolve, thrown);
  });
}
