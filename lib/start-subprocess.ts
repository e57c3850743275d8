import type { ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';

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
    return { subprocess: undefined, failure: new Promise((resolve) => subprocess.once('error', resolve)) };
  } finally {
    unsubscribe('child_process', note);
  }
}
