import { findDescendants, readCpuTime } from '../read-processes.js';
import { median } from '../statistics.js';

const WARM_UP_FOR = 1_500;
const SAMPLES = 5;

/**
 * Values of many parts, to the pool and back. Every task has a value of its own, which no pool has seen before: a second
 * visit of the same object costs V8 less than the first.
 *
 * `first` counts from the first task of the pool, `warm` after 1.5 s. The CPU time is that of all processes and threads.
 *
 * @param {{ name: string, title: string, about: string, task: string, count: number, firstGoal: number, warmGoal: number,
 *   whyMissed?: string, create(id: number): unknown, isRight(result: any, argument: any): boolean }} payload
 * @returns {import('./index.js').Workload}
 */
function createWorkload({ firstGoal, warmGoal, whyMissed, create, isRight, ...workload }) {
  const { count } = workload;
  let lastId = 0;

  async function sample(pool, pids) {
    const values = Array.from({ length: count }, () => create(lastId++));
    const cpuStart = sumCpuTime(pids);
    const start = performance.now();
    const results = await Promise.all(values.map((value) => pool.call([value])));
    const elapsed = performance.now() - start;
    const cpu = sumCpuTime(pids) - cpuStart;
    if (!results.every((result, index) => isRight(result, values[index]))) throw new Error('the results are wrong');
    return { rate: count / (elapsed / 1000), cpu: (cpu * 1000) / count };
  }

  return {
    ...workload,
    kinds: ['ours', 'threads'],
    floors: [],
    metrics: {
      first: { label: 'first, tasks/s', better: 'more' },
      warm: { label: 'warm, tasks/s', better: 'more' },
      firstCpu: { label: 'first, µs of CPU', better: 'less' },
      warmCpu: { label: 'warm, µs of CPU', better: 'less' },
    },
    goals: [
      { metric: 'first', atLeast: firstGoal, times: 'piscina', whyMissed },
      { metric: 'warm', atLeast: warmGoal, times: 'piscina', whyMissed },
    ],

    async measure(open) {
      const pool = await open();
      const pids = [process.pid, ...findDescendants()];
      const first = await sample(pool, pids);
      const start = performance.now();
      while (performance.now() - start < WARM_UP_FOR) await sample(pool, pids);
      const samples = [];
      while (samples.length < SAMPLES) samples.push(await sample(pool, pids));
      await pool.close();
      const take = (metric) => median(samples.map((each) => each[metric]));
      return {
        count,
        samples: [first, ...samples],
        values: { first: first.rate, warm: take('rate'), firstCpu: first.cpu, warmCpu: take('cpu') },
      };
    },
  };
}

function sumCpuTime(pids) {
  return pids.reduce((sum, pid) => sum + readCpuTime(pid), 0);
}

/** An order as in a web service: about 2 KB as JSON. */
export function createRecord(id) {
  return {
    id,
    customer: {
      name: `Customer ${id}`,
      email: `customer-${id}@example.com`,
      active: id % 2 === 0,
      address: {
        street: `${id} Long Street`,
        city: 'Springfield',
        zip: '01101',
        location: { lat: 42.1 + id / 1e6, lon: -72.5 },
      },
      tags: ['retail', 'newsletter', `segment-${id % 10}`],
    },
    items: Array.from({ length: 12 }, (_, line) => ({
      sku: `SKU-${id}-${line}`,
      title: `Article number ${line} of order ${id}`,
      quantity: line + 1,
      price: 9.99 + line,
      options: { colour: 'blue', gift: line % 3 === 0, note: null },
    })),
    totals: { net: 1234.56, tax: 234.57, gross: 1469.13, currency: 'EUR' },
    created: '2025-01-01T12:00:00.000Z',
  };
}

/** What a parser returns: nodes of a few kinds, ten children each, in three levels; about 200 KB as JSON. */
function createTree(id, depth = 3) {
  const position = { line: id % 1000, column: depth * 4 };
  if (depth === 0) return { kind: 'leaf', text: `a word of text, number ${id}`, position, raw: id % 2 === 0 };
  return {
    kind: depth % 2 === 0 ? 'list' : 'block',
    name: `node ${id}`,
    position,
    attributes: { id: `n${id}`, level: depth, title: null },
    children: Array.from({ length: 12 }, (_, child) => createTree(id * 12 + child, depth - 1)),
  };
}

const TEXT = 1024 * 1024;

const isSameJson = (result, value) => JSON.stringify(result) === JSON.stringify(value);

export default [
  createWorkload({
    name: 'payload-records',
    title: 'echoes of a new record of 2 KB',
    about: '3,000 nested records of 2 KB, to the pool and back',
    task: 'echo',
    count: 3_000,
    firstGoal: 2,
    warmGoal: 3,
    create: createRecord,
    isRight: (result, record) => result.id === record.id && (record.id % 100 > 0 || isSameJson(result, record)),
  }),
  createWorkload({
    name: 'payload-tree',
    title: 'echoes of a new tree of 200 KB',
    about: '30 trees of 1,885 nodes, 200 KB as JSON, to the pool and back',
    task: 'echo',
    count: 30,
    firstGoal: 1.5,
    warmGoal: 1.5,
    create: (id) => createTree(id),
    isRight: (result, tree) => result.name === tree.name && (result.position.line > 0 || isSameJson(result, tree)),
  }),
  createWorkload({
    name: 'payload-rows',
    title: 'results of 10,000 rows with 6 fields',
    about: '20 results from the pool, each with 10,000 rows of six fields, like those of a database',
    task: 'makeRows',
    count: 20,
    firstGoal: 1.5,
    warmGoal: 1.5,
    create: () => 10_000,
    isRight: (rows, count) => rows.length === count && rows[count - 1].id === count - 1,
  }),
  createWorkload({
    name: 'payload-texts',
    title: 'echoes of a text of 1 MiB',
    about: '50 texts of a million ASCII characters, to the pool and back',
    task: 'echo',
    count: 50,
    firstGoal: 1,
    warmGoal: 1,
    create: (id) => `${String(id).padEnd(15)} `.repeat(TEXT / 16),
    isRight: (result, text) => result === text,
  }),
];
