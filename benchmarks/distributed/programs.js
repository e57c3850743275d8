/** The programs that the measurements of hosts start: datastores, hosts, the delaying proxy. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';

export const root = fileURLToPath(new URL('../../', import.meta.url));

/** The slots of a host, which has one process. */
export const SLOTS = 16;

/** A Redis without persistence. */
export async function startRedis() {
  const folder = mkdtempSync(join(tmpdir(), 'aiomultiprocess-bench-'));
  const port = await findFreePort();
  const child = spawn('redis-server', ['--port', String(port), '--save', '', '--dir', folder], { stdio: 'ignore' });
  await sleep(500);
  return { port, url: `redis://127.0.0.1:${port}`, stop: () => stop(child, folder) };
}

/** A PostgreSQL with its default settings: every transaction waits for the disk. */
export async function startPostgres() {
  const folder = mkdtempSync(join(tmpdir(), 'aiomultiprocess-bench-'));
  chmodSync(folder, 0o755);
  const port = await findFreePort();
  const bin = findPostgres();
  const asUser = process.getuid?.() === 0 ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups'] : [];
  if (asUser.length > 0) execFileSync('chown', ['postgres', folder]);
  const [init, ...initArgs] = [
    ...asUser,
    join(bin, 'initdb'),
    '-D',
    join(folder, 'data'),
    '-U',
    'bench',
    '--auth=trust',
  ];
  execFileSync(init, initArgs, { stdio: 'ignore', cwd: '/' });
  const [run, ...args] = [
    ...asUser,
    join(bin, 'postgres'),
    '-D',
    join(folder, 'data'),
    '-p',
    String(port),
    '-k',
    folder,
  ];
  const child = spawn(run, [...args, '-h', '127.0.0.1'], { stdio: 'ignore', cwd: '/' });
  const url = `postgres://bench@127.0.0.1:${port}/postgres`;
  while (!(await answers(url))) await sleep(100);
  return { port, url, stop: () => stop(child, folder) };
}

/** The folder of its programs, which Debian does not add to the `PATH`. */
function findPostgres() {
  const versions = '/usr/lib/postgresql';
  const folders = existsSync(versions) ? readdirSync(versions).map((version) => join(versions, version, 'bin')) : [];
  const path = (process.env.PATH ?? '').split(':');
  const found = [...path, ...folders].find((folder) => existsSync(join(folder, 'initdb')));
  if (found === undefined) throw new Error('initdb was not found; install PostgreSQL');
  return found;
}

async function answers(url) {
  const client = new pg.Client(url);
  client.on('error', () => {});
  return client.connect().then(
    () => client.end().then(() => true),
    () => false,
  );
}

async function findFreePort() {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function stop(child, folder) {
  child.kill('SIGKILL');
  await once(child, 'exit');
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** @returns the URL of the datastore behind a proxy with this round trip, in milliseconds. */
export async function startProxy(datastore, roundTrip) {
  const args = ['benchmarks/distributed/delaying-proxy.js', String(datastore.port), String(roundTrip)];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = await once(createInterface({ input: child.stdout }), 'line');
  return { url: datastore.url.replace(String(datastore.port), port), stop: () => child.kill('SIGKILL') };
}

/** Starts hosts that offer `work`, one process each. */
export function startHosts(count, queue, url) {
  const command = ['dist/bin/aiomultiprocess.js', 'host', '-q', queue, '--connection', url, '-p', '1', '--port', '0'];
  return startAll(count, [...command, join(root, 'benchmarks/tasks/distributed.js')], ' runs tasks of the queue ');
}

/** Starts processes, and waits until each has printed a line with `text`. */
export async function startAll(count, args, text) {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
      const sign = await new Promise((resolve) => {
        for (const stream of [child.stdout, child.stderr]) {
          createInterface({ input: stream }).on('line', (line) => line.includes(text) && resolve(line));
        }
      });
      return { child, sign };
    }),
  );
}

export async function endAll(processes) {
  await Promise.all(
    processes.map(async ({ child }) => {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
    }),
  );
}
