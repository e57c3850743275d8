import type { Worker } from 'node:worker_threads';

/** The descriptor that a parent that runs as root keeps open for as long as this process may run. */
const DESCRIPTOR = 4;

/** The functions that change the credentials of a process. The kernel no longer ends it with its parent then. */
const CHANGES = ['setuid', 'seteuid', 'setgid', 'setegid'] as const;

/** Reads without blocking: a thread that is blocked in a system call keeps its process from exiting. */
const SOURCE = `
const socket = new (require('node:net').Socket)({ fd: ${DESCRIPTOR}, readable: true, writable: false });
const end = () => process.kill(process.pid, 'SIGKILL');
socket.on('error', end).on('close', end).resume();
`;

/** Whether the parent has opened the descriptor. */
let isGuarded = false;
let watchdog: Worker | undefined;

/**
 * Ends this process when its parent exits or closes the descriptor, for cases in which neither the parent nor the kernel may
 * send it a signal. A thread does it, so that it works in a busy loop as well.
 */
export function startWatchdog(): void {
  if (!isGuarded || watchdog !== undefined) return;
  const { Worker } = process.getBuiltinModule('node:worker_threads');
  // Options of Node.js that preload modules are for the program's own threads.
  watchdog = new Worker(SOURCE, { eval: true, execArgv: [], env: {}, resourceLimits: { maxOldGenerationSizeMb: 8 } });
  watchdog.unref();
  watchdog.on('error', () => {});
}

/** Starts the watchdog when this process, which was started by root, drops its rights, as an initializer may do. */
export function watchOwnChanges(): void {
  isGuarded = true;
  for (const name of CHANGES) {
    const change = process[name];
    if (change === undefined) continue;
    process[name] = (id: number | string) => {
      change(id);
      startWatchdog();
    };
  }
}
