import { succeedAt } from '../fixtures/pool/limited.js';
import { double, doubleNow, spin } from '../fixtures/pool/tasks.js';
import { runProgram } from '../support/program.ts';

const { jest } = import.meta;

async function load(): Promise<typeof import('aiomultiprocess')> {
  return import('aiomultiprocess');
}

beforeEach(() => jest.resetModules());
afterEach(() => jest.useRealTimers());

test.each([
  ['fake timers', {}],
  ['legacy fake timers', { legacyFakeTimers: true }],
])('a pool works with %s of Jest, installed before or after the package is loaded', async (_what, mocks) => {
  const first = await load();
  jest.useFakeTimers(mocks);
  jest.resetModules();
  const second = await load();
  expect(second.Pool).not.toBe(first.Pool);
  for (const { Pool, Worker, TaskTimeoutError } of [first, second]) {
    await Pool.using({ processes: 1, minProcesses: 0, cancelGracePeriod: 1 }, async (pool) => {
      expect(await pool.map(double, [1, 2, 3])).toEqual([2, 4, 6]);
      expect(await pool.apply(succeedAt, [2], { retries: 1 })).toBe(2);
      await expect(pool.apply(spin, [60_000], { timeout: 50 })).rejects.toBeInstanceOf(TaskTimeoutError);
      expect(await pool.apply(double, [4])).toBe(8);
    });
    const worker = new Worker({ target: double, args: [5] });
    worker.start();
    expect(await worker.join(20_000)).toBe(10);
  }
});

test('a pool works with mocked timers of node:test, unless they are installed before the package is loaded', async () => {
  const { code, stdout } = await runProgram('mocked-timers.test.mjs');
  expect(stdout).toMatch(/^[#ℹ] pass 5$/m);
  expect(code).toBe(0);
});

test('a child whose module mocks timers keeps working', async () => {
  const { Pool, tasksFrom } = await load();
  // Loading the module here would mock the timers of Jest.
  const { readMockedTime } = tasksFrom<typeof import('../fixtures/pool/mocking.js')>(
    new URL('../fixtures/pool/mocking.js', import.meta.url),
  );
  await Pool.using({ processes: 1, taskTimeout: 20_000, measure: true }, async (pool) => {
    expect(await pool.map(readMockedTime, Array(100).fill(undefined))).toEqual(Array(100).fill(0));
    await pool.apply(spin, [20]);
    // A task that itself waits for a mocked timer never ends.
    expect(await pool.apply(doubleNow, [2])).toBe(4);
    expect(pool.insights().slowest[0]?.runTime).toBeGreaterThan(10);
  });
});
