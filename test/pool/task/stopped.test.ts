import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Pool } from 'aiomultiprocess';
import { pidAfter } from '../../fixtures/pool/tasks.js';

const program = fileURLToPath(new URL('../../fixtures/pool/programs/stopped.mjs', import.meta.url));

/** Stops a program with all its children when it prints `begun`, continues them, and returns the next line. */
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

test('suspending a program for longer than the time limit of a task does not fail the task', async () => {
  expect(await stopFor(3000, [1000, 2000])).toBe('done');
});

test('a task that exceeds its time limit still times out after its program was suspended', async () => {
  expect(await stopFor(1500, [60_000, 1000])).toBe('TaskTimeoutError');
});

test('a result that arrives within the time limit counts, even if the parent is too busy to read it in time', () =>
  Pool.using({ processes: 1 }, async (pool) => {
    await pool.apply(pidAfter, [0]);
    const call = pool.apply(pidAfter, [50], { timeout: 400 });
    await sleep(20);
    // From here on, the event loop runs due timers before it reads the pipe.
    await nextTurn();
    const end = performance.now() + 1000;
    while (performance.now() < end);
    await expect(call).resolves.toBeGreaterThan(0);
  }));

test('a parent whose event loop is always busy still enforces the time limit of a task', () =>
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
