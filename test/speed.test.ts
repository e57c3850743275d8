/**
 * Finds accidents on the hot path: the benchmarks' own cells for this pool and for two bare processes, nothing else,
 * and quotients of the two, because the machine may be anything and busy with other tests. The numbers that matter
 * come from `npm run bench`.
 */
import { readFile } from 'node:fs/promises';
import { withFile } from './support/folder.ts';
import { node, root } from './support/run.ts';

/**
 * Measured on 2 cores. Throughput: tiny `apply` calls, as a part of what bare msgpack batches reach; 0.4 to 0.5 when
 * nothing else runs, 0.26 when both cores are busy, as they are during the tests. Latency: sequential calls,
 * p50, as a multiple of a raw echo's; 1.04 to 1.71, busy or not.
 * Raise the first and lower the second when the pool gets faster.
 */
const TODAY = { throughput: 0.26, latency: 1.37 };
const LEAST_THROUGHPUT = TODAY.throughput / 2;
const MOST_LATENCY = TODAY.latency * 2;
/** A burst of other work spoils one of them, hardly all. */
const ROUNDS = 3;

interface Result {
  goals: { metric: string; rival?: { name: string }; measured?: number }[];
}

/** On one core a round trip is the pool's own work; on two it is mostly the kernel that wakes a process. */
let roundTrip = 'round-trip-pinned';

async function measure(): Promise<{ throughput: number | undefined; latency: number | undefined }> {
  const results = await withFile(async (file) => {
    const only = ['tiny-apply', roundTrip, 'aiomultiprocess', 'floor: batches', 'floor: raw pipe'].join();
    const run = await node(
      [`${root}benchmarks/run.js`, '--only', only, '--rounds', '1', '--bound', '10', '--json', file],
      { timeout: 80_000 },
    );
    if (run.code !== 0) throw new Error(`the benchmarks ended with ${run.code}\n${run.stderr}`);
    return JSON.parse(await readFile(file, 'utf8')).results as Result[];
  });
  const goals = results.flatMap((result) => result.goals);
  const overFloor = (metric: string) =>
    goals.find((goal) => goal.metric === metric && goal.rival?.name.startsWith('floor'))?.measured;
  return { throughput: overFloor('rate'), latency: overFloor('p50') };
}

test('the pool is not half as fast as it was', async () => {
  let throughput = 0;
  let latency = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const measured = await measure();
    throughput = Math.max(throughput, measured.throughput ?? 0);
    latency = Math.min(latency, measured.latency ?? Number.POSITIVE_INFINITY);
    // Not every system can keep processes on one core.
    if (measured.latency === undefined) roundTrip = 'round-trip';
    if (throughput >= LEAST_THROUGHPUT && latency <= MOST_LATENCY) break;
  }
  expect(throughput).toBeGreaterThanOrEqual(LEAST_THROUGHPUT);
  expect(latency).toBeLessThanOrEqual(MOST_LATENCY);
}, 240_000);
