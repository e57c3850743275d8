// The CPU time of a process until its first result, of a function whose module loads TypeScript, in milliseconds:
//
//     node benchmarks/warm-up.js [--rounds 9]
//
// with the compile cache and without, in alternating rounds; for a replacement of a process it is the same. The cache is in a
// folder of its own, and is filled before. A compile cache needs Node.js 22.1 or later.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Pool, tasksFrom } from '../dist/lib/index.js';
import { median } from './statistics.js';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '9' } } });
const folder = mkdtempSync(join(tmpdir(), 'aiomultiprocess-benchmark-'));
process.env.XDG_CACHE_HOME = folder;

const { readWithImport } = tasksFrom(new URL('./tasks/first-import.mjs', import.meta.url));
const { readWithRequire } = tasksFrom(new URL('./tasks/first-require.cjs', import.meta.url));
const functions = {
  'an ES module that imports it': readWithImport,
  'a CommonJS module that requires it': readWithRequire,
};

const measure = (fn, compileCache) =>
  Pool.using({ processes: 1, compileCache }, async (pool) => {
    const start = performance.now();
    const cpu = await pool.apply(fn);
    const wall = performance.now() - start;
    pool.close();
    await pool.join();
    return { cpu, wall };
  });

try {
  console.log(`Node.js ${process.version}, ${values.rounds} rounds, medians`);
  console.log('| | CPU without, ms | with the cache | ratio | wall clock without, ms | with the cache | ratio |');
  console.log('| --- | ---: | ---: | ---: | ---: | ---: | ---: |');
  for (const [name, fn] of Object.entries(functions)) {
    await measure(fn, true);
    const rounds = [];
    for (let round = 0; round < Number(values.rounds); round++) {
      const results = {};
      for (const isOn of round % 2 === 0 ? [true, false] : [false, true]) results[isOn] = await measure(fn, isOn);
      rounds.push(results);
    }
    const cells = ['cpu', 'wall'].flatMap((each) => [
      median(rounds.map((results) => results.false[each])).toFixed(0),
      median(rounds.map((results) => results.true[each])).toFixed(0),
      median(rounds.map((results) => results.true[each] / results.false[each])).toFixed(2),
    ]);
    console.log(`| ${[name, ...cells].join(' | ')} |`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
