import floorLoop from '../contenders/floor-loop.js';

/** Stays open while this process measures. */
let loops;

/**
 * Times a body as a fraction of the ideal, the time of bare loops for the same work. The ideal is measured before and after the
 * body, because a core of a shared machine can be half as fast a second later.
 *
 * @param {{ iterations: number, count: number }[]} parts the work: how often `burn` runs with how many iterations
 * @param {number} processes
 * @param {() => Promise<unknown>} run
 */
export async function compareWithBareLoops(parts, processes, run) {
  const before = await timeBareLoops(parts, processes);
  const start = performance.now();
  await run();
  const elapsed = performance.now() - start;
  const idealTime = (before + (await timeBareLoops(parts, processes))) / 2;
  return { ideal: idealTime / elapsed, elapsed, idealTime };
}

async function timeBareLoops(parts, processes) {
  loops ??= await floorLoop.open({ processes, task: 'burn' });
  const start = performance.now();
  for (const { iterations, count } of parts) await loops.repeat([iterations], count);
  return performance.now() - start;
}
