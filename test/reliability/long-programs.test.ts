/** The programs that `npm run chaos`, `npm run soak`, `npm run fuzz` and `npm run totals` run for long, here with small numbers. */
import { node, root } from '../support/run.ts';

const MINUTES = 60_000;

/** Runs a program and gives the lines that it prints, each of which is JSON. It fails by itself if a promise is broken. */
async function runProgram(name: string, args: string[], flags: string[] = []): Promise<Record<string, number>[]> {
  const { code, stdout, stderr } = await node([...flags, `${root}test/reliability/programs/${name}`, ...args], {
    timeout: 3 * MINUTES,
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

test(
  'chaos: every result of 10,000 tasks arrives, or without retries what may have started is lost and no more',
  async () => {
    const rounds = await runProgram('chaos.mjs', ['--tasks', '10000']);
    expect(rounds).toMatchObject([
      { tasks: 10_000, retries: 20, rejected: 0 },
      { tasks: 10_000, retries: 0, restarted: 0 },
    ]);
    for (const { killed } of rounds) expect(killed).toBeGreaterThan(10);
  },
  4 * MINUTES,
);

test(
  'soak: after 50,000 tasks in processes that are replaced, memory, handles and listeners are what they were',
  async () => {
    const [report] = await runProgram('soak.mjs', ['--tasks', '50000', '--per-child', '1000'], ['--expose-gc']);
    expect(report).toMatchObject({ tasks: 50_000 });
    expect(report?.processes).toBeGreaterThan(30);
  },
  4 * MINUTES,
);

test(
  'fuzz: 3,000 changed frames at either end, beside those of test/ipc/hostile-bytes.test.ts, and 12 real processes',
  async () => {
    const [report] = await runProgram('fuzz.mjs', ['--cases', '6000', '--processes', '12']);
    expect(report).toMatchObject({ processes: 12 });
    expect(report?.cases).toBeGreaterThanOrEqual(6000);
  },
  4 * MINUTES,
);

test(
  'totals: eight processes count exactly, and processes that are killed with what they hold lose nothing',
  async () => {
    const [counted, killed] = await runProgram('totals.mjs', ['--each', '100', '--jobs', '100']);
    expect(counted).toMatchObject({ processes: 8, underLock: 800, updated: 800, incremented: 800 });
    expect(killed).toMatchObject({ jobs: 100, done: 100 });
    expect(killed?.killed).toBeGreaterThan(0);
  },
  4 * MINUTES,
);
