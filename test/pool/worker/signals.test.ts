/** Signals to a whole process group, and how the processes of a pool end without them. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ExitInfo, Pool, Process } from 'aiomultiprocess';
import { cleanUp, waitOnce } from '../../fixtures/pool/signals.js';
import { pid } from '../../fixtures/pool/tasks.js';
import { spinForever } from '../../fixtures/reliability/failing.js';
import { findSurvivors } from '../../support/alive.ts';
import { findProgram } from '../../support/find-program.ts';
import { Group } from '../../support/group.ts';
import { reasonOf } from '../../support/reason.ts';

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const;

describe('a signal to the whole process group of a program', () => {
  test.each(SIGNALS)('%s does not interrupt running tasks when the program closes its pool', async (signal) => {
    await Group.using('signalled.mjs', ['server'], async (group) => {
      for (let task = 0; task < 4; task++) expect(await group.readLine()).toBe('begun');
      group.signal(signal);
      expect(await group.readRest()).toEqual(['[ 2, 4, 6, 8 ]']);
      expect(await group.ended()).toBe(0);
    });
  });

  test('SIGTERM from GNU timeout does not interrupt running tasks', async () => {
    const timeout = findProgram('timeout', 'coreutils');
    await Group.using(
      'signalled.mjs',
      ['server'],
      async (group) => {
        for (let task = 0; task < 4; task++) expect(await group.readLine()).toBe('begun');
        // As GNU timeout does when the time is over.
        process.kill(group.pid, 'SIGTERM');
        expect(await group.readRest()).toEqual(['[ 2, 4, 6, 8 ]']);
      },
      [timeout, '600'],
    );
  });

  test('any signal during the start of its processes makes them start again', async () => {
    await Group.using('signalled.mjs', ['starting'], async (group) => {
      expect(await group.readLine()).toBe('started');
      for (let time = 0; time < 300; time += 30) {
        for (const signal of SIGNALS) group.signal(signal);
        await sleep(30);
      }
      expect(await group.readRest()).toEqual(['begun', 'begun', '[ 2, 4 ]']);
      expect(await group.ended()).toBe(0);
    });
  });

  test.each(SIGNALS)('%s does not end the manager, which exits with the program', async (signal) => {
    await Group.using('signalled.mjs', ['manager'], async (group) => {
      expect(await group.readLine()).toBe('begun');
      group.signal(signal);
      // SIGTERM makes the program put the item.
      if (signal !== 'SIGTERM') group.signal('SIGTERM');
      const [item, manager] = (await group.readLine()).split(' ');
      expect(item).toBe('an');
      expect(manager).toBe('item');
      expect(await group.readRest()).toEqual([]);
      expect(await group.ended()).toBe(0);
    });
  });

  test.each([
    ['SIGTERM', 'wait', ['-15']],
    ['SIGHUP', 'wait', ['-1']],
    ['SIGQUIT', 'wait', ['-3']],
    ['SIGTERM', 'describe', ['handled', '7']],
  ] as const)('%s ends a Process, like any program, with the target %s', async (signal, target, lines) => {
    await Group.using('signalled.mjs', ['process', target], async (group) => {
      expect(Number(await group.readLine())).toBeGreaterThan(0);
      group.signal(signal);
      expect(await group.readRest()).toEqual(lines);
    });
  });
});

describe('a SIGTERM listener in a child that exits', () => {
  test('counts as a kill from outside, so running tasks are retried', () =>
    Pool.using({ processes: 1 }, async (pool) => {
      const exited = new Promise<ExitInfo>((resolve) => pool.once('processExited', resolve));
      const end = (child: unknown) => process.kill(child as number, 'SIGTERM');
      const call = pool.apply(waitOnce, [], { retries: 1, onProgress: end });
      expect(await call).toBe(2);
      expect(await exited).toMatchObject({ reason: 'failed', exitCode: 0, signal: 'SIGTERM' });
    }));

  test('is named in the error of the running task', () =>
    Pool.using({ processes: 1 }, async (pool) => {
      const end = (child: unknown) => process.kill(child as number, 'SIGTERM');
      const error = await reasonOf(pool.apply(waitOnce, [], { onProgress: end }));
      expect(error).toMatchObject({ name: 'ProcessExitError', exitCode: 0, signal: 'SIGTERM' });
      expect(String(error)).toContain('exited with code 0 on SIGTERM');
    }));
});

test('SIGTERM ends a Process that has not received its target yet', async () => {
  for (const pause of [0, 20, 40, 60, 100]) {
    const child = new Process({ target: spinForever });
    child.start();
    await sleep(pause);
    child.terminate();
    await child.join();
    expect(child.exitcode).toBe(-15);
  }
});

describe('terminate()', () => {
  test('lets tasks clean up after their signals abort', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'aiomultiprocess-test-'));
    try {
      const pool = new Pool({ processes: 1 });
      await new Promise((resolve) => {
        pool.apply(cleanUp, [join(folder, 'note')], { onProgress: resolve }).catch(() => {});
      });
      pool.terminate();
      await pool.join();
      expect(readFileSync(join(folder, 'note'), 'utf8')).toBe('cleaned up');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('kills a process in a busy loop after a delay, while the others exit in order', async () => {
    const pool = new Pool({ processes: 2 });
    const exits: ExitInfo[] = [];
    pool.on('processExited', (exit) => void exits.push(exit));
    const pids = await pool.broadcast(pid);
    const spinning = reasonOf(pool.apply(spinForever));
    await sleep(300);
    const start = performance.now();
    pool.terminate();
    await pool.join();
    expect(performance.now() - start).toBeLessThan(4000);
    expect(await spinning).toMatchObject({ name: 'PoolTerminatedError' });
    expect(exits.map(({ reason, exitCode, signal }) => [reason, exitCode, signal]).sort()).toEqual(
      [
        ['terminated', null, 'SIGKILL'],
        ['terminated', 0, null],
      ].sort(),
    );
    expect(await findSurvivors(pids)).toEqual([]);
  });
});
