import { median } from './statistics.js';

const WARM_UP_FOR = 1_000;
const WARM_UP_TASKS = 3_000;
const LONGEST_WARM_UP = 2_000;
const SAMPLE_FOR = 300;
const MOST_SAMPLES = 9;

/**
 * Times a body, and checks its result after the measurement.
 *
 * @param {number} amount tasks, or units of work, that the body does
 * @param {() => PromiseLike<any>} run
 * @param {(result: any) => boolean} [isRight]
 */
export async function timeRate(amount, run, isRight = () => true) {
  const start = performance.now();
  const result = await run();
  const elapsed = performance.now() - start;
  if (!isRight(result)) throw new Error('the results are wrong');
  return { rate: amount / (elapsed / 1000) };
}

/**
 * Measures every contender in the same way: warms up with growing pieces of the workload itself, then takes samples.
 *
 * @param {import('./contenders/index.js').OpenPool} pool
 * @param {import('./workloads/index.js').Workload} workload
 * @param {object} job
 */
export async function measurePool(pool, workload, job) {
  const perTask = await warmUp(pool, workload, job);
  // Slow pools run fewer tasks: the rate stays comparable.
  const count = Math.max(1, Math.min(workload.count, Math.floor((job.longest * 1000) / perTask)));
  const samples = [];
  const { least = 1, most = MOST_SAMPLES } = workload.samples ?? {};
  const start = performance.now();
  while (samples.length < least || (samples.length < most && performance.now() - start < SAMPLE_FOR)) {
    samples.push(await workload.sample(pool, count, job));
  }
  return { count, samples, values: takeMedians(samples, workload) };
}

/** Returns the time of a task in the fastest piece, in milliseconds. */
async function warmUp(pool, workload, job) {
  const start = performance.now();
  // Each piece is large enough for every process to get a part of it.
  const least = Math.min(workload.count, 2 * job.processes);
  let count = Math.max(least, Math.floor(workload.count / 50));
  let done = 0;
  let fastest = Infinity;
  for (;;) {
    const pieceStart = performance.now();
    await workload.sample(pool, count, job);
    const end = performance.now();
    const perTask = (end - pieceStart) / count;
    fastest = Math.min(fastest, perTask);
    done += count;
    const isWarm = end - start >= WARM_UP_FOR && done >= Math.min(WARM_UP_TASKS, workload.count);
    if (isWarm || end - start >= LONGEST_WARM_UP) return fastest;
    // A single piece is never longer than the whole warm-up.
    count = Math.max(least, Math.min(workload.count, count * 2, Math.floor(WARM_UP_FOR / perTask)));
  }
}

function takeMedians(samples, workload) {
  const names = Object.keys(workload.metrics);
  return Object.fromEntries(names.map((name) => [name, median(samples.map((sample) => sample[name]))]));
}
