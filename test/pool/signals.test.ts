/** Signals that reach a whole process group, and how the processes of a pool end without them. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ExitInfo, Pool, Process } from 'aiomultiprocess';
import { cleanUp, waitOnce } from '../fixtures/pool/signals.js';
import { pid } from '../fixtures/pool/tasks.js';
import { spinForever } from '../fixtures/reliability/failing.js';
import { findSurvivors } from '../support/alive.ts';
import { findProgram } from '../support/find-program.ts';
import { Group } from '../support/group.ts';
import { reasonOf } from '../support/reason.ts';

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const;

describe('a program whose whole process group gets', () => {
  test.each(SIGNALS)('%s loses nothing that runs when it closes its pool', async (signal) => {
    await Group.using('signalled.mjs', ['server'], async (group) => {
      for (let task = 0; task < 4; task++) expect(await group.readLine()).toBe('begun');
      group.signal(signal);
      expect(await group.readRest()).toEqual(['[ 2, 4, 6, 8 ]']);
      expect(await group.ended()).toBe(0);
    });
  });

  test('SIGTERM from GNU timeout loses nothing either', async () => {
    const timeout = findProgram('timeout', 'coreutils');
    await Group.using(
      'signalled.mjs',
      ['server'],
      async (group) => {
        for (let task = 0; task < 4; task++) expect(await group.readLine()).toBe('begun');
        // What it does when the time is over.
        process.kill(group.pid, 'SIGTERM');
        expect(await group.readRest()).toEqual(['[ 2, 4, 6, 8 ]']);
      },
      [timeout, '600'],
    );
  });

  test('signals while its processes start has them start again', async () => {
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

  test.each(SIGNALS)('%s keeps its manager, which ends when it does', async (signal) => {
    await Group.using('signalled.mjs', ['manager'], async (group) => {
      expect(await group.readLine()).toBe('begun');
      group.signal(signal);
      // This one has the item put.
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
  ] as const)('%s has a Process end, as signals end any program, if it does %s', async (signal, target, lines) => {
    await Group.using('signalled.mjs', ['process', target], async (group) => {
      expect(Number(await group.readLine())).toBeGreaterThan(0);
      group.signal(signal);
      expect(await group.readRest()).toEqual(lines);
    });
  });
});

describe('a listener of the program that exits', () => {
  test('ends its process as if from outside: what ran is run again, if it may', () =>
    Pool.using({ processes: 1 }, async (pool) => {
      const exited = new Promise<ExitInfo>((resolve) => pool.once('processExited', resolve));
      const end = (child: unknown) => process.kill(child as number, 'SIGTERM');
      const call = pool.apply(waitOnce, [], { retries: 1, onProgress: end });
      expect(await call).toBe(2);
      expect(await exited).toMatchObject({ reason: 'failed', exitCode: 0, signal: 'SIGTERM' });
    }));

  test('is named by the error of what ran', () =>
    Pool.using({ processes: 1 }, async (pool) => {
      const end = (child: unknown) => process.kill(child as number, 'SIGTERM');
      const error = await reasonOf(pool.apply(waitOnce, [], { onProgress: end }));
      expect(error).toMatchObject({ name: 'ProcessExitError', exitCode: 0, signal: 'SIGTERM' });
      expect(String(error)).toContain('exited with code 0 on SIGTERM');
    }));
});

test('a SIGTERM that a Process gets before it knows what it is to do ends it', async () => {
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
  test('lets tasks clean up whose signal has aborted', async () => {
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

  test('kills a process in a busy loop after a moment, and the others end in order', async () => {
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
