/**
 * The parent handles the signals that reach a whole process group (from systemd, GNU timeout, a terminal), so children
 * ignore them. The entry of a child imports this module first.
 */

/** SIGTERM, SIGHUP and SIGQUIT end a `Process` or `Worker`; the parent handles Ctrl-C for them, too. */
const RESTORED: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGHUP', 'SIGQUIT'];
const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', ...RESTORED];

const received = new Set<NodeJS.Signals>();
let onHandled = (_signal: NodeJS.Signals): void => {};

function ignore(signal: NodeJS.Signals): void {
  received.add(signal);
  // Listeners of the program run as usual, and may end the process.
  if (process.listenerCount(signal) > 1) onHandled(signal);
}

for (const signal of SIGNALS) process.on(signal, ignore);

/** @param listener - is called before the program's own listeners for the signal. */
export function onHandledSignal(listener: (signal: NodeJS.Signals) => void): void {
  onHandled = listener;
}

/** Restores the default effect of these signals. A signal that came before has its effect now. */
export function restoreSignals(): void {
  for (const signal of RESTORED) {
    process.off(signal, ignore);
    if (received.has(signal)) process.kill(process.pid, signal);
  }
}
