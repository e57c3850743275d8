import { setTimeout as sleep } from 'node:timers/promises';
import { type FinalizerErrorInfo, Pool } from 'aiomultiprocess';
import { exit } from '../../fixtures/pool/failing.js';
import { failToFinalize, finalize, neverFinalize, noteAbort } from '../../fixtures/pool/finalizing.js';
import { double, pid, pidFor, spin } from '../../fixtures/pool/tasks.js';
import { failToInitialize } from '../../fixtures/reliability/failing.js';
import { linesOf, withFile } from '../../support/folder.ts';
import { withGate } from '../../support/gate.ts';
import { runProgram } from '../../support/program.ts';
import { until } from '../../support/until.ts';

const lines = (pids: readonly number[]) => pids.map((pid) => `finalized ${pid}`).sort();

test('the finalizer runs once in each process when the pool is closed', () =>
  withFile(async (file) => {
    const pool = new Pool({ processes: 2, finalizer: finalize, finalargs: [file] });
    const pids = await pool.broadcast(pid);
    pool.close();
    await pool.join();
    expect((await linesOf(file)).sort()).toEqual(lines(pids));
  }));

test('the finalizer runs in recycled and in idle processes', () =>
  withFile(async (file) => {
    const options = { minProcesses: 0, processes: 1, maxTasksPerChild: 1, idleTimeout: 50 };
    const pool = new Pool({ ...options, finalizer: finalize, finalargs: [file] });
    const reasons = new Map<number | undefined, string>();
    pool.on('processExited', ({ pid, reason }) => reasons.set(pid, reason));
    await pool.map(pidFor, [1, 2]);
    await until(() => [...reasons.values()].includes('idle'));
    const ended = [...reasons].flatMap(([pid = 0, reason]) => (reason === 'failed' ? [] : [pid]));
    expect(new Set(reasons.values())).toEqual(new Set(['recycled', 'idle']));
    expect((await linesOf(file)).sort()).toEqual(lines(ended));
    pool.terminate();
    await pool.join();
  }));

test('terminate() aborts the signals of tasks, then runs the finalizer', () =>
  withFile((file) =>
    withGate(async (gate) => {
      const pool = new Pool({ processes: 1, finalizer: finalize, finalargs: [file] });
      const call = pool.apply(noteAbort, [file, gate.port]);
      await gate.arrived(1);
      pool.terminate();
      await expect(call).rejects.toMatchObject({ name: 'PoolTerminatedError' });
      await pool.join();
      expect(await linesOf(file)).toEqual([`aborted ${gate.arrivals[0]}`, `finalized ${gate.arrivals[0]}`]);
    }),
  ));

test('terminate() ends a busy process without its finalizer', () =>
  withFile(async (file) => {
    const pool = new Pool({ processes: 1, finalizer: finalize, finalargs: [file] });
    await pool.broadcast(pid);
    const call = pool.apply(spin, [60_000]);
    await sleep(500);
    pool.terminate();
    await expect(call).rejects.toMatchObject({ name: 'PoolTerminatedError' });
    await pool.join();
    expect(await linesOf(file)).toEqual([]);
  }));

test('the finalizer does not run after a failed initializer or a crash', () =>
  withFile(async (file) => {
    const failed = new Pool({ processes: 1, initializer: failToInitialize, finalizer: finalize, finalargs: [file] });
    await expect(failed.ready()).rejects.toMatchObject({ name: 'InitializerError' });
    failed.terminate();
    await failed.join();
    const crashing = new Pool({ processes: 1, finalizer: finalize, finalargs: [file] });
    const [crashed] = await crashing.broadcast(pid);
    await expect(crashing.apply(exit, [1])).rejects.toMatchObject({ name: 'ProcessExitError' });
    crashing.close();
    await crashing.join();
    expect(await linesOf(file)).not.toContain(`finalized ${crashed}`);
  }));

test.each([
  ['an error', failToFinalize, 'RangeError'],
  ['a timeout', neverFinalize, 'TimeoutError'],
])('%s of the finalizer emits finalizerError and rejects nothing', async (_, finalizer, name) => {
  const pool = new Pool({ processes: 1, finalizer, finalizerTimeout: 200 });
  const errors: FinalizerErrorInfo[] = [];
  const exits: (number | null)[] = [];
  pool.on('finalizerError', (info) => errors.push(info));
  pool.on('processExited', ({ exitCode }) => exits.push(exitCode));
  const [process] = await pool.broadcast(pid);
  expect(await pool.apply(double, [2])).toBe(4);
  pool.close();
  await pool.join();
  expect(errors).toMatchObject([{ pid: process, place: 0, error: { name } }]);
  expect(exits).toEqual([0]);
});

test.each(['exit', 'end'])('a program that has not closed its pool waits for the finalizer when it ends: %s', (how) =>
  withFile(async (file) => {
    const { code, stdout } = await runProgram('finalized.mjs', [how, file]);
    expect(code).toBe(how === 'exit' ? 3 : 0);
    expect((await linesOf(file)).sort()).toEqual(lines(stdout.trim().split(' ').map(Number)));
  }),
);
