// What options of V8 cost and gain in children, on real jobs:
//
//     node benchmarks/node-options.js [--rounds 7]
//
// Each round runs each job once with each setting, in turn, in a new process: first cold, then warm. Numbers are CPU seconds
// (user and system) as a part of those without the setting, in the same round; the median of the rounds. Below 1 is better.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Pool } from '../dist/lib/index.js';
import { median } from './statistics.js';
import { json, markdown, readUsage, scan } from './tasks/real-jobs.cjs';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '7' } } });
const root = fileURLToPath(new URL('../', import.meta.url));
const list = (folder, extension) =>
  readdirSync(join(root, folder), { recursive: true })
    .filter((name) => name.endsWith(extension))
    .toSorted()
    .map((name) => join(root, folder, name));

const jobs = {
  'scan + gzip': [scan, [list('node_modules/typescript/lib', '.d.ts').slice(0, 60)]],
  json: [json, []],
  markdown: [markdown, [list('docs', '.md')]],
};
const settings = {
  none: [],
  '--max-semi-space-size=32': ['--max-semi-space-size=32'],
  '--max-semi-space-size=64': ['--max-semi-space-size=64'],
  '--single-threaded-gc': ['--single-threaded-gc'],
  '--always-sparkplug': ['--always-sparkplug'],
  '--no-opt': ['--no-opt'],
};

async function measure([fn, args], execArgv) {
  const pool = new Pool({ processes: 1, execArgv });
  try {
    const start = await pool.apply(readUsage);
    const expected = await pool.apply(fn, args);
    const cold = await pool.apply(readUsage);
    for (let time = 0; time < 2; time++) {
      if ((await pool.apply(fn, args)) !== expected) throw new Error('a job has two results');
    }
    const warm = await pool.apply(readUsage);
    return { cold: cold.cpu - start.cpu, warm: (warm.cpu - cold.cpu) / 2, memory: warm.memory };
  } finally {
    pool.close();
    await pool.join();
  }
}

const ratios = new Map();
const note = (key, value) => ratios.set(key, [...(ratios.get(key) ?? []), value]);
const measures = ['cold', 'warm', 'memory'];

for (let round = 0; round < Number(values.rounds); round++) {
  for (const [name, job] of Object.entries(jobs)) {
    const results = {};
    const order = Object.keys(settings);
    // Another one comes first in each round.
    for (const setting of [...order.slice(round % order.length), ...order.slice(0, round % order.length)]) {
      results[setting] = await measure(job, settings[setting]);
    }
    for (const setting of order) {
      for (const each of measures) note(`${setting} ${name} ${each}`, results[setting][each] / results.none[each]);
    }
    for (const each of measures) note(`none ${name} ${each} itself`, results.none[each]);
  }
}

const show = (key) => median(ratios.get(key)).toFixed(2);
const names = Object.keys(jobs);
const columns = names.flatMap((name) => [`${name}, cold`, 'warm', 'memory']);
console.log(`Node.js ${process.version}, ${values.rounds} rounds`);
console.log(`| Setting | ${columns.join(' | ')} |\n| --- | ${columns.map(() => '---:').join(' | ')} |`);
for (const setting of Object.keys(settings)) {
  const cells = names.flatMap((name) =>
    measures.map((each) => show(setting === 'none' ? `none ${name} ${each} itself` : `${setting} ${name} ${each}`)),
  );
  console.log(`| ${setting === 'none' ? 'none (s, s, MiB)' : `\`${setting}\``} | ${cells.join(' | ')} |`);
}
