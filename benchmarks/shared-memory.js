/**
 * Measures large values and shared memory: this pool with copies, with views and without koffi, against piscina, which
 * copies or transfers between threads, tinypool's child processes, and the copies of the program alone.
 *
 *     node benchmarks/shared-memory.js [--rounds 7] [--only '1 MiB in']
 *
 * The contenders take turns, in two processes or threads each; a rate is the median of its rounds, in MiB a second.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Pool, share, sharedArray } from '../dist/lib/index.js';
import { addMany, countBytes, echo, increment, makeBytes, readOne } from './tasks/large-values.cjs';

const { values: flags } = parseArgs({
  options: { rounds: { type: 'string', default: '7' }, only: { type: 'string', default: '' } },
});
const rounds = Number(flags.rounds);
const MIB = 1024 * 1024;
const filename = fileURLToPath(new URL('./tasks/large-values.cjs', import.meta.url));
const tasks = { countBytes, echo, makeBytes };

const openOurs = (sharedMemory) => async () => {
  const pool = new Pool({ processes: 2, sharedMemory });
  await pool.ready();
  return {
    call: (name, value) => pool.apply(tasks[name], [value]),
    close: async () => {
      pool.terminate();
      await pool.join();
    },
  };
};

const openPiscina = (transfers) => async () => {
  const { Piscina } = await import('piscina');
  const pool = new Piscina({
    filename,
    minThreads: 2,
    maxThreads: 2,
    idleTimeout: Infinity,
    concurrentTasksPerWorker: 16,
  });
  return {
    call(name, value) {
      const isBytes = typeof value === 'object';
      const transferList = transfers && isBytes ? [value.buffer] : undefined;
      return pool.run(value, { name: transfers && name !== 'countBytes' ? `${name}Moved` : name, transferList });
    },
    // What is transferred is gone, so each call gets memory of its own, made before the time runs.
    transfers,
    close: () => pool.destroy(),
  };
};

const openTinypool = async () => {
  const { default: Tinypool } = await import('tinypool');
  const options = { filename, runtime: 'child_process', serialization: 'advanced', minThreads: 2, maxThreads: 2 };
  const pool = new Tinypool({ ...options, concurrentTasksPerWorker: 16 });
  return { call: (name, value) => pool.run(value, { name }), close: () => pool.destroy() };
};

/**
 * What any pool has to do that shares no memory with its tasks for good: the program's thread copies each value into shared
 * memory, and each result out of it. No pool whose sender keeps its value can be faster than the first of these copies.
 */
const openCopies = async () => {
  const region = sharedArray(Uint8Array, 64 * MIB);
  let position = 0;
  const next = (length) => {
    position = position + length > region.length ? 0 : position;
    position += length;
    return region.subarray(position - length, position);
  };
  return {
    async call(name, value) {
      if (name !== 'makeBytes')
        next(value.byteLength).set(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
      if (name === 'countBytes') return value.byteLength;
      const length = name === 'makeBytes' ? value : value.byteLength;
      const result = Buffer.allocUnsafeSlow(length);
      result.set(next(length));
      return result;
    },
    async close() {},
  };
};

const contenders = {
  'piscina, copying': openPiscina(false),
  'piscina, transferring': openPiscina(true),
  'tinypool, processes': openTinypool,
  'ours without koffi': openOurs(false),
  ours: openOurs({}),
  'ours with views': openOurs({ views: true }),
  'copies, nothing sent': openCopies,
};

/** What each call sends, how many calls are made at once, and how many bytes cross in all. */
const workloads = [
  { title: '100 × 1 MiB in', task: 'countBytes', make: () => Buffer.alloc(MIB, 1), count: 100, size: MIB },
  {
    title: '2,000 × 1 MiB in',
    task: 'countBytes',
    make: () => Buffer.alloc(MIB, 1),
    count: 2000,
    size: MIB,
    reuse: 50,
  },
  { title: '100 × 1 MiB out', task: 'makeBytes', make: () => MIB, count: 100, size: MIB },
  { title: '100 × 1 MiB in and out', task: 'echo', make: () => Buffer.alloc(MIB, 1), count: 100, size: 2 * MIB },
  {
    title: '4 × 64 MiB in',
    task: 'countBytes',
    make: () => Buffer.alloc(64 * MIB, 1),
    count: 4,
    size: 64 * MIB,
    serial: true,
  },
  { title: '4 × 64 MiB out', task: 'makeBytes', make: () => 64 * MIB, count: 4, size: 64 * MIB, serial: true },
  {
    title: '50 × Float64Array(100,000) in and out',
    task: 'echo',
    make: () => new Float64Array(100_000).fill(0.5),
    count: 50,
    size: 1_600_000,
  },
];

async function measure(pool, { task, make, count, size, serial, reuse = count }) {
  const different = pool.transfers ? count : reuse;
  const values = Array.from({ length: different }, make);
  const start = performance.now();
  if (serial) for (const value of values) await pool.call(task, value);
  else await Promise.all(Array.from({ length: count }, (_, index) => pool.call(task, values[index % different])));
  return (count * size) / MIB / ((performance.now() - start) / 1000);
}

const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];
const wanted = (title) => title.includes(flags.only);

for (const workload of workloads.filter(({ title }) => wanted(title))) {
  const pools = {};
  const rates = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
  for (const [name, open] of Object.entries(contenders)) pools[name] = await open();
  // The first round makes the processes ready: it is not counted.
  for (let round = 0; round <= rounds; round++) {
    for (const [name, pool] of Object.entries(pools)) {
      const rate = await measure(pool, workload);
      if (round > 0) rates[name].push(rate);
    }
  }
  const base = median(rates['piscina, copying']);
  console.log(`\n${workload.title} (MiB/s)`);
  for (const [name, list] of Object.entries(rates)) {
    const rate = median(list);
    console.log(
      `  ${name.padEnd(22)} ${Math.round(rate).toLocaleString('en').padStart(7)}  ${(rate / base).toFixed(2)} ×`,
    );
  }
  for (const pool of Object.values(pools)) await pool.close();
}

if (wanted('256 MiB shared')) {
  const numbers = new Float64Array((256 * MIB) / 8).map((_, index) => index);
  for (const sharedMemory of [{}, false]) {
    const pool = new Pool({ processes: 2, sharedMemory });
    const table = share(numbers);
    await pool.starmap(
      readOne,
      Array.from({ length: 100 }, () => [table, 1]),
    );
    const shared = [];
    const tiny = [];
    // Each takes a few milliseconds.
    for (let round = 0; round < 100 * rounds; round++) {
      const indices = Array.from({ length: 2000 }, (_, index) => index * 1000);
      let start = performance.now();
      const found = await pool.starmap(
        readOne,
        indices.map((index) => [table, index]),
      );
      shared.push(2000 / (performance.now() - start));
      if (found.some((value, index) => value !== indices[index])) throw new Error('a wrong element');
      start = performance.now();
      await pool.starmap(
        increment,
        indices.map((index) => [index]),
      );
      tiny.push(2000 / (performance.now() - start));
    }
    const memory = pool.stats().processes.map(({ pid }) => readPss(pid));
    const rate = median(shared) / median(tiny);
    console.log(
      `\n256 MiB shared, 2,000 tasks that read one element each: ${rate.toFixed(2)} × the rate of tiny tasks`,
    );
    console.log(`  PSS of the processes: ${memory.join(' + ')} MiB`);
    table.dispose();
    pool.terminate();
    await pool.join();
  }
}

if (wanted('a counter')) {
  const counter = sharedArray(Int32Array, 1);
  await Pool.using({ processes: 8 }, async (pool) => {
    await pool.ready();
    const times = await pool.map(addMany, Array(8).fill(counter));
    const rate = 1 / Math.max(...times);
    console.log(`\na counter, 8 processes × 1,000,000 Atomics.add: ${counter[0].toLocaleString('en')}`);
    console.log(`  ${rate.toFixed(1)} million a second in the slowest process, ${times.length} processes on 2 cores`);
  });
}

/** The memory of a process, in which pages that several processes have are divided among them. In MiB. */
function readPss(pid) {
  const [, kilobytes] = /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));
  return Math.round(kilobytes / 1024);
}
