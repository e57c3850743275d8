// One contender, one workload, one round, in a process of its own: what a peer leaves behind (compiled code,
// garbage, hung children) ends with it. The job comes as JSON, the result goes to descriptor 3.

import { writeSync } from 'node:fs';
import { contenders } from './contenders/index.js';
import { measurePool } from './measure.js';
import { workloads } from './workloads/index.js';

const job = JSON.parse(process.argv[2]);
const contender = contenders.find(({ name }) => name === job.contender);
const workload = workloads.find(({ name }) => name === job.workload);

try {
  report(contender.measure ? await contender.measure({ ...job, workload }) : await openAndMeasure());
  process.exit();
} catch (error) {
  report({ failure: String(error?.message ?? error).split('\n')[0] });
  process.exit(1);
}

async function openAndMeasure() {
  const { processes } = job;
  const { task, size, batch, concurrency } = workload;
  const open = (options) => contender.open({ processes, task, size, batch, concurrency, ...options });
  if (workload.measure) {
    await (contender.load ? contender.load() : contender.package && import(contender.package));
    return workload.measure(open, job);
  }
  const pool = await open();
  const result = await measurePool(pool, workload, job);
  report(result);
  await pool.close();
  return {};
}

function report(result) {
  const bytes = Buffer.from(`${JSON.stringify(result)}\n`);
  for (let at = 0; at < bytes.length; ) at += writeSync(3, bytes, at);
}
