// fastify: a server that computes in a pool, with a time limit for each request, back-pressure and a graceful end.
// Usage: PORT=3000 node docs/examples/servers/fastify.js
import { Pool, QueueFullError, TaskTimeoutError } from 'aiomultiprocess';
import Fastify from 'fastify';
import { countPrimes, wait } from './tasks.js';

const pool = new Pool({
  name: 'server',
  processes: Number(process.env.PROCESSES ?? 2),
  // A request that has waited for longer has been given up by its client, or its proxy.
  taskTimeout: Number(process.env.TASK_TIMEOUT ?? 2_000),
  // About as many as the pool answers within that time. Further ones are refused at once, instead of late.
  maxQueueSize: Number(process.env.MAX_QUEUE_SIZE ?? 100),
});

const app = Fastify({ forceCloseConnections: 'idle' });

/** Calls a task for a request, and cancels it when the client closes the connection. */
function run(reply, task, args) {
  const left = new AbortController();
  reply.raw.once('close', () => left.abort());
  return pool.apply(task, args, { signal: left.signal });
}

app.get('/primes/:limit', async ({ params }, reply) => ({
  primes: await run(reply, countPrimes, [Number(params.limit)]),
}));
app.get('/wait/:ms', async ({ params }, reply) => ({ waited: await run(reply, wait, [Number(params.ms)]) }));
app.get('/health', async () => ({ queued: pool.stats().queued }));

app.setErrorHandler((error, _request, reply) => {
  if (error instanceof QueueFullError) return reply.code(503).header('retry-after', '1').send({ error: 'busy' });
  if (error instanceof TaskTimeoutError) return reply.code(504).send({ error: 'took too long' });
  return reply.code(error.statusCode ?? 500).send({ error: error.message });
});

// The hook runs when all requests are answered. Then the pool has nothing left to do, and ends at once.
app.addHook('onClose', async () => {
  pool.close();
  await pool.join();
});

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => {
    app.close();
    // A connection that its client keeps alive would stay open for a minute after the last answer.
    setInterval(() => app.server.closeIdleConnections(), 100).unref();
  });
}

// Ready means: the processes have loaded the tasks.
await pool.warm(countPrimes);
console.log(await app.listen({ port: Number(process.env.PORT ?? 3000), host: '127.0.0.1' }));
