// 30 tasks that each wait, make an HTTP request and compute: first in one process, then with a pool.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { isMainProcess, Pool } from 'aiomultiprocess';

export async function work(url) {
  await setTimeout(200 + Math.random() * 500);
  const response = await fetch(url);
  const { seed } = await response.json();
  let value = seed;
  for (let step = 0; step < 10_000_000; step++) value = (value * 1_103_515_245 + 12_345) & 0x7fffffff;
  return value;
}

async function time(name, run) {
  const start = performance.now();
  const values = await run();
  console.log(`${name}: ${values.length} tasks in ${((performance.now() - start) / 1000).toFixed(2)} s`);
}

if (isMainProcess) {
  const server = createServer((_request, response) => response.end('{ "seed": 1 }')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const urls = Array(30).fill(`http://127.0.0.1:${server.address().port}/`);

  await time('one process', () => Promise.all(urls.map(work)));
  await time('pool', () => Pool.using({}, (pool) => pool.map(work, urls)));
  server.closeAllConnections();
  server.close();
}
