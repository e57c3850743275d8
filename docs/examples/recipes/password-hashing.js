// password-hashing: a server that hashes passwords with bcrypt in other processes, so that other requests do not wait for it.
// Usage: PORT=3000 node docs/examples/recipes/password-hashing.js
import { once } from 'node:events';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { isMainProcess, Pool, QueueFullError } from 'aiomultiprocess';
import { compareSync, hashSync } from 'bcryptjs';

/** About a quarter of a second for each hash: the work that makes guessing expensive. */
const COST = Number(process.env.BCRYPT_COST ?? 12);

// The tasks compute, so the synchronous functions of the library serve them best.
export const hash = (password) => hashSync(password, COST);
export const matches = (password, stored) => compareSync(password, stored);

if (isMainProcess) {
  const users = new Map();
  // Behind a hundred waiting logins, another one would wait for many seconds: better to say so at once.
  const pool = new Pool({ name: 'passwords', taskTimeout: 5_000, maxQueueSize: 100 });
  await pool.warm(hash);

  const routes = {
    'POST /register': async ({ name, password }) => {
      users.set(name, await pool.apply(hash, [password]));
      return [201, { name }];
    },
    'POST /login': async ({ name, password }) => {
      const stored = users.get(name);
      const isRight = stored !== undefined && (await pool.apply(matches, [password, stored], { priority: 1 }));
      return isRight ? [200, { name }] : [401, { error: 'wrong name or password' }];
    },
    'GET /health': async () => [200, pool.stats()],
  };

  const server = createServer(async (request, response) => {
    const route = routes[`${request.method} ${request.url}`] ?? (async () => [404, { error: 'not found' }]);
    const [status, body] = await answer(request, route).catch((error) =>
      error instanceof QueueFullError ? [503, { error: 'busy, try again' }] : [500, { error: error.message }],
    );
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
  await once(server, 'listening');
  console.log(`http://127.0.0.1:${server.address().port}`);

  process.on('SIGTERM', () => {
    server.close(async () => {
      pool.close();
      await pool.join();
    });
  });
}

async function answer(request, route) {
  return route(request.method === 'POST' ? await json(request) : undefined);
}
