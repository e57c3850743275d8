// Runs one contender on one workload for one round, in a process of its own, which takes everything that a peer leaves behind
// (compiled code, garbage, hung children) with it. The job arrives as JSON; the result goes to descriptor 3.

import { contenders } from './contenders/index.js';
import { measurePool } from './measure.js';
import { reportResult } from './report-result.js';
import { workloads } from './workloads/index.js';

const job = JSON.parse(process.argv[2]);
const contender = contenders.find(({ name }) => name === job.contender);
const workload = workloads.find(({ name }) => name === job.workload);

try {
  reportResult(contender.measure ? await contender.measure({ ...job, workload }) : await openAndMeasure());
  process.exit();
} catch (error) {
  reportResult({ failure: String(error?.message ?? error).split('\n')[0] });
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
  reportResult(result);
  await pool.close();
  return {};
}
