import { median } from './statistics.js';
import functions from './tasks/functions.cjs';

/** Calibrates `burn` for this machine, so that a task of 1 ms takes about 1 ms. */
export async function calibrateBurn() {
  const iterations = 2_000_000;
  const rates = [];
  for (let i = 0; i < 15; i++) {
    const start = performance.now();
    await functions.burn(iterations);
    rates.push(iterations / ((performance.now() - start) * 1000));
  }
  return median(rates.slice(5));
}
