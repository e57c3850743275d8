import type { ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setImmediate } from './util/clock.js';

/** What {@link startSubprocess} has started, or why it could not. */
type Started<T> = { subprocess: T } | { subprocess: undefined; failure: Promise<Error> };

/**
 * Starts a process with `start`, that is with execa.
 *
 * In a program that is out of file descriptors, Node.js makes a process without streams, and reports why as an event.
 * execa trips over that before anybody can listen, and the event would end the program.
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
 * Ends a process that nobody will own, if it runs at all: execa may also fail after it was started.
 *
 * @returns why: what Node.js reports at the next tick, or else what execa has thrown.
 */
function abandon(subprocess: ChildProcess, thrown: Error): Promise<Error> {
  return new Promise((resolve) => {
    subprocess.on('error', resolve);
    if (subprocess.pid !== undefined) subprocess.kill('SIGKILL');
    setImmediate(resolve, thrown);
  });
}
