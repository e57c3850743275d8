/** The flag `--dashboard` of `aiomultiprocess map` and `aiomultiprocess host`. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import type { PoolSnapshot, Snapshot } from '../../lib/dashboard/snapshot.ts';
import { aiomultiprocess, map } from '../support/command.ts';
import { Viewer } from '../support/dashboard.ts';
import { HostProcess } from '../support/hosts.ts';
import { startRedis, type TestServer } from '../support/servers.ts';
import { startMap } from '../support/start-map.ts';

let redis: TestServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.remove());

let host: HostProcess | undefined;
afterEach(() => host?.end());

/** The state of the only pool of a program that fulfils a condition. */
async function find(port: number, isWanted: (pool: PoolSnapshot) => unknown): Promise<PoolSnapshot> {
  const poolOf = ({ pools }: Snapshot) => pools[0] as PoolSnapshot;
  return Viewer.using({ port, token: undefined }, async (viewer) =>
    poolOf(await viewer.find((snapshot) => snapshot.pools.length > 0 && isWanted(poolOf(snapshot)))),
  );
}

const portIn = (line = '') => Number(/dashboard: http:\/\/127\.0\.0\.1:(\d+)\/$/.exec(line)?.[1]);

test('of map shows its pool while it runs', async () => {
  const child = startMap('./tasks.js#double', '-p', '1', '--dashboard');
  const exited = once(child, 'exit');
  const [line] = await once(createInterface({ input: child.stderr }), 'line');
  child.stdin.write('1\n');
  const { name, kind } = await find(portIn(line), ({ done, maps }) => done > 0 && maps.length === 1);
  expect([line, name, kind]).toEqual([
    expect.stringMatching(/^aiomultiprocess: dashboard: /),
    expect.stringContaining('double'),
    'local',
  ]);
  child.stdin.end();
  expect(await exited).toEqual([0, null]);
});

test('of map with --queue shows the hosts', async () => {
  host = new HostProcess('lines', redis.url, [], [`${import.meta.dirname}/../fixtures/bin/tasks.js`]);
  await host.ready();
  const hosts = ['--queue', 'lines', '--connection', redis.url, '--root', `${import.meta.dirname}/../..`];
  const child = startMap('./tasks.js#double', ...hosts, '--dashboard');
  const exited = once(child, 'exit');
  const [line] = await once(createInterface({ input: child.stderr }), 'line');
  child.stdin.write('1\n');
  const { name, kind } = await find(portIn(line), ({ done, hosts = [] }) => done > 0 && hosts.length === 1);
  expect({ name, kind }).toEqual({ name: 'lines', kind: 'distributed' });
  child.stdin.end();
  expect(await exited).toEqual([0, null]);
});

test('of host shows its pool, and its leases, chunks and datastore', async () => {
  host = new HostProcess('q', redis.url, ['--dashboard', '0', '--json-logs']);
  await host.ready();
  const message = JSON.parse(host.lines[0] as string);
  expect(message).toMatchObject({ level: 'info', dashboard: message.message.slice('dashboard: '.length) });
  const { name, kind, host: facts } = await find(portIn(message.message), ({ host }) => host && host.latency !== null);
  expect(kind).toBe('host');
  expect(name).toContain(`-${host.pid}-`);
  expect(facts).toEqual({ slots: 16, leases: 0, chunks: 0, chunkSizes: [], latency: expect.any(Number) });
  expect(await host.end('SIGTERM')).toBe(0);
});

test('with a port that is taken is a warning', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { code, stdout, stderr } = await map(['./tasks.js#double', '--dashboard', String(port)], '1\n');
  expect({ code, stdout }).toEqual({ code: 0, stdout: '2\n' });
  expect(stderr).toMatch(/^aiomultiprocess: cannot open the dashboard: listen EADDRINUSE: .*\n$/);
  server.close();
});

test.each(['./tasks.js', '70000'])('with %s as its port is a usage error', async (port) => {
  const { code, stderr } = await aiomultiprocess(['map', './tasks.js#double', '--dashboard', port]);
  expect(code).toBe(2);
  expect(stderr).toContain('Expected a port; without one, write the flag last.');
});
