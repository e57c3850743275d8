// initializer: every process creates one HTTP client, which its tasks share.
import { once } from 'node:events';
import { Agent, createServer, get } from 'node:http';
import { text } from 'node:stream/consumers';
import { isMainProcess, Pool } from 'aiomultiprocess';

/** Set by createClient() in each process. */
let client;

export function createClient(base, timeout) {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  client = (path) =>
    new Promise((resolve, reject) => {
      const request = get(base + path, { agent, timeout }, (response) => resolve(text(response)));
      request.on('timeout', () => request.destroy(new Error(`no answer from ${path} within ${timeout} ms`)));
      request.on('error', reject);
    });
}

export async function fetchPage(path) {
  return client(path);
}

if (isMainProcess) {
  let connections = 0;
  const server = createServer(({ url }, response) => {
    if (url !== '/never') response.end(`page ${url}`);
  });
  server.on('connection', () => connections++);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const base = `http://127.0.0.1:${server.address().port}`;

  await Pool.using({ processes: 2, initializer: createClient, initargs: [base, 500] }, async (pool) => {
    const paths = Array.from({ length: 100 }, (_, index) => `/${index}`);
    const pages = await pool.map(fetchPage, paths);
    console.log(`${pages.length} pages, the last is "${pages.at(-1)}"`);
    console.log(`connections: ${connections}, at most 4 for each process`);
    await pool.apply(fetchPage, ['/never']).catch((error) => console.log(error.message));
  });
  server.close();
}
