/** The long-running programs `npm run chaos`, `soak`, `fuzz`, `totals` and `large-values`, here with small numbers. */
import { node, root } from '../support/run.ts';

const MINUTES = 60_000;

/** Runs a program and parses its output, JSON lines. The program itself fails if a guarantee is violated. */
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
  'chaos: all results of 1,500 tasks arrive; without retries, only tasks that may have started are lost',
  async () => {
    const rounds = await runProgram('chaos.mjs', ['--tasks', '1500', '--every', '10', '--apart', '75']);
    expect(rounds).toMatchObject([
      { tasks: 1500, retries: 20, rejected: 0 },
      { tasks: 1500, retries: 0, restarted: 0 },
    ]);
    for (const { killed } of rounds) expect(killed).toBeGreaterThan(10);
  },
  4 * MINUTES,
);

test(
  'soak: 20,000 tasks in constantly replaced processes leave memory, handles and listeners unchanged',
  async () => {
    const [report] = await runProgram('soak.mjs', ['--tasks', '20000', '--per-child', '2000'], ['--expose-gc']);
    expect(report).toMatchObject({ tasks: 20_000 });
    expect(report?.processes).toBeGreaterThan(6);
  },
  4 * MINUTES,
);

test(
  'fuzz: the pool and its children survive 500 changed frames at either end; so do 4 real processes',
  async () => {
    const [report] = await runProgram('fuzz.mjs', ['--cases', '1000', '--processes', '4']);
    expect(report).toMatchObject({ processes: 4 });
    expect(report?.cases).toBeGreaterThanOrEqual(1000);
  },
  4 * MINUTES,
);

test.each([[[]], [['--views']], [['--views', '--kill-every', '50']]])(
  'large values: 1,000 of random size arrive, and no shared memory remains, with %j',
  async (args) => {
    const [report] = await runProgram('large-values.mjs', ['--tasks', '1000', ...args], ['--expose-gc']);
    expect(report).toMatchObject({ tasks: 1000, way: 'mapped' });
  },
  4 * MINUTES,
);

test(
  'totals: eight processes count exactly, and killed processes lose nothing that they hold',
  async () => {
    const [counted, killed] = await runProgram('totals.mjs', ['--each', '100', '--jobs', '100', '--deaths', '12']);
    expect(counted).toMatchObject({ processes: 8, underLock: 800, updated: 800, incremented: 800 });
    expect(killed).toMatchObject({ jobs: 100, done: 100 });
    expect(killed?.killed).toBeGreaterThan(0);
  },
  4 * MINUTES,
);
