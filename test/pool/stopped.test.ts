import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Pool } from 'aiomultiprocess';
import { pidAfter } from '../fixtures/pool/tasks.js';

const program = fileURLToPath(new URL('../fixtures/pool/programs/stopped.mjs', import.meta.url));

/** Stops a program with all its children when it prints `begun`, continues them, and returns what it prints then. */
async function stopFor(time: number, args: readonly number[]): Promise<string> {
  const child: ChildProcessByStdio<null, Readable, null> = spawn(process.execPath, [program, ...args.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  const signal = (name: NodeJS.Signals) => process.kill(-(child.pid as number), name);
  try {
    const lines = createInterface({ input: child.stdout });
    const [begun] = await once(lines, 'line');
    expect(begun).toBe('begun');
    signal('SIGSTOP');
    await sleep(time);
    signal('SIGCONT');
    const [outcome] = await once(lines, 'line');
    return outcome;
  } finally {
    signal('SIGKILL');
  }
}

test('a program that is stopped for longer than the time limit of a task does not fail the task', async () => {
  expect(await stopFor(3000, [1000, 2000])).toBe('done');
});

test('a program that is stopped notices afterwards that a task takes too long', async () => {
  expect(await stopFor(1500, [60_000, 1000])).toBe('TaskTimeoutError');
});

test('an answer that came in time counts, also if this process was too busy to read it', () =>
  Pool.using({ processes: 1 }, async (pool) => {
    await pool.apply(pidAfter, [0]);
    const call = pool.apply(pidAfter, [50], { timeout: 400 });
    await sleep(20);
    // After which timers come before what is to be read.
    await nextTurn();
    const end = performance.now() + 1000;
    while (performance.now() < end);
    await expect(call).resolves.toBeGreaterThan(0);
  }));

test('a process that is always busy still ends a task that takes too long', () =>
  Pool.using({ processes: 1, cancelGracePeriod: 0 }, async (pool) => {
    const busy = setInterval(() => {
      const end = performance.now() + 100;
      while (performance.now() < end);
    }, 1);
    try {
      await expect(pool.apply(pidAfter, [60_000], { timeout: 100 })).rejects.toMatchObject({
        name: 'TaskTimeoutError',
      });
    } finally {
      clearInterval(busy);
    }
  }));
