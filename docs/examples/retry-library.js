// A retry library wraps the task itself; task() gives the wrapped function its address.
import { isMainProcess, Pool, task } from 'aiomultiprocess';
import pRetry from 'p-retry';

async function unreliable(value) {
  if (Math.random() < 0.4) throw new Error(`no luck with ${value}`);
  return value * value;
}

/** Returns a function that retries within the process it runs in. */
function retrying(fn) {
  return async (...args) => {
    let attempts = 0;
    const run = () => {
      attempts++;
      return fn(...args);
    };
    const value = await pRetry(run, { retries: 20, minTimeout: 5, factor: 1 });
    return { value, attempts };
  };
}

export const reliable = task(import.meta.url, retrying(unreliable));

if (isMainProcess) {
  const values = Array.from({ length: 20 }, (_, index) => index);
  const results = await Pool.using({ processes: 2 }, (pool) => pool.map(reliable, values));
  const attempts = results.reduce((sum, result) => sum + result.attempts, 0);
  console.log(`${results.length} squares after ${attempts} attempts`);
  console.log(`19 squared is ${results[19].value}`);
}
