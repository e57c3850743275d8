// Runs one contender on one job for one round, in a process of its own. The job arrives as JSON; the result goes to descriptor 3.

import { readFileSync } from 'node:fs';
import { reportResult } from '../report-result.js';
import { contenders } from './contenders/index.js';
import { measureBatch } from './measure.js';

const job = JSON.parse(process.argv[2]);

try {
  const items = JSON.parse(readFileSync(job.items, 'utf8'));
  if (job.kind === 'server') {
    // Loads autocannon, which only servers need.
    const { measureServer } = await import('./server/measure.js');
    reportResult(await measureServer(job, items[0]));
  } else {
    const contender = contenders.find(({ name }) => name === job.contender);
    await contender.load?.();
    const { processes, module } = job;
    const { pool, ...result } = await measureBatch(
      () => contender.open({ processes, module, task: 'work', ready: false }),
      items,
    );
    reportResult(result);
    await pool.close();
  }
  process.exit();
} catch (error) {
  reportResult({ failure: String(error?.message ?? error).split('\n')[0] });
  process.exit(1);
}
