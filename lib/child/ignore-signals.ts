/**
 * Signals that reach a whole process group (from systemd, GNU timeout, a terminal) are for the parent to handle, so
 * children ignore them. The entry of a child imports this module first.
 */

/** SIGTERM, SIGHUP and SIGQUIT end a process that has a target of its own; Ctrl-C is for its parent all the same. */
const RESTORED: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGHUP', 'SIGQUIT'];
const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', ...RESTORED];

const received = new Set<NodeJS.Signals>();
let onHandled = (_signal: NodeJS.Signals): void => {};

function ignore(signal: NodeJS.Signals): void {
  received.add(signal);
  // Modules of the program may have listeners of their own. These run as usual, and may end the process.
  if (process.listenerCount(signal) > 1) onHandled(signal);
}

for (const signal of SIGNALS) process.on(signal, ignore);

/** @param listener - is called before the program's own listeners for a signal are. */
export function onHandledSignal(listener: (signal: NodeJS.Signals) => void): void {
  onHandled = listener;
}

/** From now on these signals do what they do in any program. One that has come before does it now. */
export function restoreSignals(): void {
  for (const signal of RESTORED) {
    process.off(signal, ignore);
    if (received.has(signal)) process.kill(process.pid, signal);
  }
}
