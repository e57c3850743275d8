import { setTimeout } from 'node:timers/promises';
import { findDescendants, readCpuTime, readResidentMiB, whyUnreadable } from '../read-processes.js';

/** The pause after the last task, in which garbage collectors and compilers finish their work. */
const SETTLE = 1_500;
const IDLE_FOR = 5_000;

/** @type {import('./index.js').Workload} */
const idleMemory = {
  name: 'idle-memory',
  title: 'resident memory of an idle child',
  about: 'the resident memory of an idle child that has run a few tasks; the mean of the children',
  task: 'increment',
  kinds: ['ours', 'processes', 'floor'],
  floors: ['floor: bare fork'],
  metrics: { memory: { label: 'MiB', better: 'less' } },
  goals: [{ metric: 'memory', atMost: 8, unit: 'MiB', above: 'floor' }],

  measure: (open) =>
    withIdlePool(open, 16, async () => {
      const children = findDescendants().map(readResidentMiB);
      return { samples: children, values: { memory: children.reduce((sum, mib) => sum + mib, 0) / children.length } };
    }),
};

/** @type {import('./index.js').Workload} */
const idleCpu = {
  name: 'idle-cpu',
  title: 'CPU time of an idle pool over 5 s',
  about: 'the CPU time of the caller and all children over 5 s without calls, as a fraction of one core',
  task: 'increment',
  floors: ['floor: bare fork'],
  metrics: { cpu: { label: '% of a core', better: 'less' } },
  goals: [{ metric: 'cpu', below: 0.2, unit: '%' }],

  measure: (open) =>
    withIdlePool(open, 1_000, async () => {
      const processes = [process.pid, ...findDescendants()];
      const readAll = () => processes.reduce((sum, pid) => sum + readCpuTime(pid), 0);
      const before = readAll();
      const start = performance.now();
      await setTimeout(IDLE_FOR);
      const used = readAll() - before;
      return { samples: [used], values: { cpu: (100 * used) / (performance.now() - start) } };
    }),
};

export default [idleMemory, idleCpu];

async function withIdlePool(open, tasks, body) {
  if (whyUnreadable) throw new Error(whyUnreadable);
  const pool = await open();
  await Promise.all(Array.from({ length: tasks }, (_, i) => pool.call([i])));
  await setTimeout(SETTLE);
  const result = await body();
  await pool.close();
  return result;
}
