// express: a server that computes in a pool, with a time limit for each request, back-pressure and a graceful end.
// Usage: PORT=3000 node docs/examples/servers/express.js
import { Pool, QueueFullError, TaskTimeoutError } from 'aiomultiprocess';
import express from 'express';
import { countPrimes, wait } from './tasks.js';

const pool = new Pool({
  name: 'server',
  processes: Number(process.env.PROCESSES ?? 2),
  // A request that has waited for longer has been given up by its client, or its proxy.
  taskTimeout: Number(process.env.TASK_TIMEOUT ?? 2_000),
  // About as many as the pool answers within that time. Further ones are refused at once, instead of late.
  maxQueueSize: Number(process.env.MAX_QUEUE_SIZE ?? 100),
});

const app = express();

/** Calls a task for a request, and cancels it when the client closes the connection. */
function run(response, task, args) {
  const left = new AbortController();
  response.once('close', () => left.abort());
  return pool.apply(task, args, { signal: left.signal });
}

app.get('/primes/:limit', async ({ params }, response) => {
  response.json({ primes: await run(response, countPrimes, [Number(params.limit)]) });
});
app.get('/wait/:ms', async ({ params }, response) => {
  response.json({ waited: await run(response, wait, [Number(params.ms)]) });
});
app.get('/health', (_request, response) => {
  response.json({ queued: pool.stats().queued });
});

// Express 5 passes the rejection of a handler to this function, which it knows by its four parameters.
app.use((error, _request, response, _next) => {
  if (response.destroyed) return;
  if (error instanceof QueueFullError) response.status(503).set('retry-after', '1').json({ error: 'busy' });
  else if (error instanceof TaskTimeoutError) response.status(504).json({ error: 'took too long' });
  else response.status(error.statusCode ?? 500).json({ error: error.message });
});

// Ready means: the processes have loaded the tasks.
await pool.warm(countPrimes);
const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => {
    // Accepts no further connections, and continues when all requests are answered.
    server.close(async () => {
      pool.close();
      await pool.join();
    });
    // A connection that its client keeps alive would stay open for seconds after the last answer.
    setInterval(() => server.closeIdleConnections(), 100).unref();
  });
}
