import floorLoop from '../contenders/floor-loop.js';

/** Open for as long as this process measures. */
let loops;

/**
 * Times a body as a part of the ideal, which is what bare loops need for the same work. That is measured too, before
 * and after: on a shared machine a core can be half as fast a second later.
 *
 * @param {{ iterations: number, count: number }[]} parts the work: how often `burn` runs so many iterations
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
