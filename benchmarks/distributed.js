/**
 * Measures hosts of distributed pools.
 *
 *     node benchmarks/distributed.js [--only throughput,latency,short,after-tiny] [--rounds 3] [--seconds 4] [--chunk-size 1]
 *
 * Every host has one process of 16 slots. The ideal is the rate that the slots of the hosts allow.
 *
 * - `throughput`: tasks per second against plain BullMQ with one job a task, in the same run. Tiny tasks return at once; the
 *   others wait. It also prints the chunks per second, and the CPU time of Redis for each chunk, according to `INFO cpu`.
 * - `latency`: tasks that wait, with a datastore that is far away, from the third second after the first call on.
 * - `short`: a map of 1,000 tasks of 10 ms, on Redis and PostgreSQL.
 * - `after-tiny`: 256 calls of 500 ms of a function that was called 100,000 times and returned at once.
 */
import { parseArgs } from 'node:util';
import { measureAfterTiny } from './distributed/after-tiny.js';
import { measureLatency } from './distributed/latency.js';
import { startPostgres, startRedis } from './distributed/programs.js';
import { measureShortMaps } from './distributed/short-maps.js';
import { measureThroughput } from './distributed/throughput.js';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'throughput,latency,short,after-tiny' },
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '3' },
    'chunk-size': { type: 'string' },
  },
});
const parts = values.only.split(',');
const rounds = Number(values.rounds);
const chunkSize = values['chunk-size'] && Number(values['chunk-size']);

const redis = await startRedis();
if (parts.includes('throughput'))
  await measureThroughput(redis, { rounds, time: Number(values.seconds) * 1000, chunkSize });
if (parts.includes('after-tiny')) await measureAfterTiny('Redis', redis);
if (parts.includes('latency')) for (const hosts of [1, 2]) await measureLatency(redis, hosts, rounds);
if (parts.includes('short')) {
  for (const hosts of [1, 4]) await measureShortMaps('Redis', redis, hosts);
  const postgres = await startPostgres();
  for (const hosts of [1, 4]) await measureShortMaps('PostgreSQL', postgres, hosts);
  await postgres.stop();
}
await redis.stop();
