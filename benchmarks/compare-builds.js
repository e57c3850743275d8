// Compares the build of another checkout with this one, workload by workload, in alternating rounds:
//
//     node benchmarks/compare-builds.js <folder of the other checkout> [--rounds 5] [--only tiny-apply,tiny-map]
//
// A ratio above 1 means that this build is better. It is the median of the ratios of each round, because the machine drifts
// by more than the builds differ.

import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { calibrateBurn } from './calibrate.js';
import { compareRows, medianOf } from './compare.js';
import { formatRatio, formatValue } from './format.js';
import { runCell } from './run-cell.js';
import { workloads } from './workloads/index.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', default: 'tiny-apply,tiny-map,round-trip,json-echo,first-result,cpu-100us' },
  },
});
const [other] = positionals;
if (other === undefined)
  throw new Error('usage: node benchmarks/compare-builds.js <folder> [--rounds 5] [--only names]');

const builds = [resolve(other), fileURLToPath(new URL('../', import.meta.url))];
const names = values.only.split(',');
const unknown = names.find((name) => workloads.every((workload) => workload.name !== name));
if (unknown !== undefined) throw new Error(`there is no workload ${unknown}`);
const iterationsPerMicrosecond = await calibrateBurn();

for (const workload of workloads.filter(({ name }) => names.includes(name))) {
  const rows = builds.map(() => ({ rounds: [] }));
  for (let round = 1; round <= Number(values.rounds); round++) {
    for (const [index, row] of rows.entries()) row.rounds.push(await measure(workload, builds[index], round));
  }
  for (const [metric, { label, better }] of Object.entries(workload.metrics)) {
    const [theirs, ours] = rows.map((row) => formatValue(medianOf(row, metric)));
    const ratio = formatRatio(compareRows(rows[1], rows[0], metric, better));
    console.log(`${workload.name} (${label}): other ${theirs}, this ${ours}, ratio ${ratio}`);
  }
}

async function measure(workload, build, round) {
  process.env.AIOMULTIPROCESS_BUILD = build;
  const { core, longest = 1, bound = 60 } = workload;
  const job = {
    contender: 'aiomultiprocess',
    workload: workload.name,
    core,
    processes: 2,
    longest,
    iterationsPerMicrosecond,
  };
  const result = await runCell(job, bound * 1000);
  if (result.failure) throw new Error(`${workload.name} with ${build}: ${result.failure}`);
  return { round, ...result };
}
