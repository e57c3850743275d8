/** The servers of docs/examples/servers, under requests that take too long, come too often, or are given up. */
import { ServerProgram } from '../support/server-program.ts';
import { until } from '../support/until.ts';

/** Each test starts Node.js several times. */
const TIMEOUT = 60_000;

describe.each(['fastify', 'express'])('the server with %s', (name) => {
  const program = `docs/examples/servers/${name}.js`;

  test(
    'computes in the pool, and answers 504 if a task takes too long',
    () =>
      ServerProgram.using(program, { TASK_TIMEOUT: '500' }, async (server) => {
        expect(await server.get('/primes/100')).toEqual([200, { primes: 25 }]);
        expect(await server.get('/wait/60000')).toEqual([504, { error: 'took too long' }]);
        expect(await server.get('/health')).toEqual([200, { queued: 0 }]);
      }),
    TIMEOUT,
  );

  test(
    'refuses requests beyond its limit at once, and forgets those whose client has left',
    () =>
      ServerProgram.using(program, { PROCESSES: '1', MAX_QUEUE_SIZE: '2', TASK_TIMEOUT: '0' }, async (server) => {
        const leaving = new AbortController();
        // Sixteen run, and two wait.
        const waiting = Array.from({ length: 18 }, () =>
          server.get('/wait/60000', { signal: leaving.signal }).catch((error: Error) => error.name),
        );
        await until(async () => (await server.get('/health'))[1] instanceof Object && (await queuedIn(server)) === 2);
        expect(await server.get('/wait/1')).toEqual([503, { error: 'busy' }]);
        leaving.abort();
        expect(new Set(await Promise.all(waiting))).toEqual(new Set(['AbortError']));
        await until(async () => (await queuedIn(server)) === 0);
        expect(await server.get('/wait/1')).toEqual([200, { waited: 1 }]);
      }),
    TIMEOUT,
  );

  test(
    'answers the requests that it has before it exits on SIGTERM',
    () =>
      ServerProgram.using(program, {}, async (server) => {
        const running = server.get('/wait/700');
        await until(async () => (await server.get('/running'))[0] === 404);
        server.kill('SIGTERM');
        expect(await running).toEqual([200, { waited: 700 }]);
        expect(await server.exited).toEqual([0, null]);
        await expect(server.get('/health')).rejects.toThrow('fetch failed');
      }),
    TIMEOUT,
  );
});

async function queuedIn(server: ServerProgram): Promise<number> {
  const [, body] = await server.get('/health');
  return (body as { queued: number }).queued;
}
