// A plain BullMQ worker, with one job for each task.
import { Worker } from 'bullmq';
import { work } from './distributed.js';

const [name, url, concurrency] = process.argv.slice(2);
const worker = new Worker(name, ({ data }) => work(data), { connection: { url }, concurrency: Number(concurrency) });
await worker.waitUntilReady();
console.log('ready');
process.on('SIGTERM', () => worker.close().then(() => process.exit()));
