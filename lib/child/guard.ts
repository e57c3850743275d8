import type { Worker } from 'node:worker_threads';

/** The descriptor that the parent, if it runs as root, keeps open for as long as this process may run. */
const DESCRIPTOR = 4;

/** What changes the credentials of a process. The kernel then forgets to end it with its parent. */
const CHANGES = ['setuid', 'seteuid', 'setgid', 'setegid'] as const;

/** Reads in a way that can be stopped: a thread that a system call blocks keeps its process from its end. */
const SOURCE = `
const socket = new (require('node:net').Socket)({ fd: ${DESCRIPTOR}, readable: true, writable: false });
const end = () => process.kill(process.pid, 'SIGKILL');
socket.on('error', end).on('close', end).resume();
`;

/** Whether the parent has opened the descriptor. */
let isGuarded = false;
let guard: Worker | undefined;

/**
 * Ends this process when its parent is gone or closes the descriptor: for a parent that may not send signals to it,
 * and a kernel that may not either. A thread of its own does it, so a busy loop does not keep it from that.
 */
export function startGuard(): void {
  if (!isGuarded || guard !== undefined) return;
  const { Worker } = process.getBuiltinModule('node:worker_threads');
  // Options of Node.js that preload modules are for the program's own threads.
  guard = new Worker(SOURCE, { eval: true, execArgv: [], env: {}, resourceLimits: { maxOldGenerationSizeMb: 8 } });
  guard.unref();
  guard.on('error', () => {});
}

/** For a process that its parent has started as root: it may drop its rights, in an initializer for instance. */
export function guardOwnChanges(): void {
  isGuarded = true;
  for (const name of CHANGES) {
    const change = process[name];
    if (change === undefined) continue;
    process[name] = (id: number | string) => {
      change(id);
      startGuard();
    };
  }
}
