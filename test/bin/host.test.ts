/** The flags and messages of `aiomultiprocess host`. */
import { DistributedPool } from 'aiomultiprocess/distributed';
import { getNote } from '../fixtures/bin/leave-note.js';
import { getPreloaded } from '../fixtures/bin/tasks.js';
import { tasks } from '../support/command.ts';
import { linesOf, withFile } from '../support/folder.ts';
import { fixtures, HostProcess } from '../support/hosts.ts';
import { root, run } from '../support/run.ts';
import { startRedis, type TestServer } from '../support/servers.ts';

let redis: TestServer;

beforeAll(async () => {
  redis = await startRedis();
});

afterAll(() => redis.remove());

test('runs the initializer and the finalizer, and passes --require and --import on', async () => {
  await withFile(async (file) => {
    const module = `${tasks}leave-note.js`;
    const functions = ['--initializer', `${module}#noteIn`, '--initargs', JSON.stringify([file])];
    const finalizer = ['--finalizer', `${module}#leaveNote`];
    const preloads = ['-r', `${tasks}preload-require.cjs`, '--import', `${tasks}preload-import.mjs`];
    const args = [...functions, ...finalizer, ...preloads];
    const host = new HostProcess('flags', redis.url, args, [module, `${tasks}tasks.js`]);
    await host.ready();
    const pool = new DistributedPool({ queue: 'flags', connection: redis.url });
    expect(await Promise.all([pool.apply(getNote), pool.apply(getPreloaded)])).toEqual([file, ['require', 'import']]);
    pool.close();
    await pool.join();
    expect(await host.end('SIGTERM')).toBe(0);
    expect(await linesOf(file)).toEqual(['finalized']);
  });
});

test('writes the time of each message, as text or as JSON', async () => {
  for (const args of [[], ['--json-logs']]) {
    const host = new HostProcess('logs', redis.url, args);
    await host.ready();
    expect(await host.end('SIGTERM')).toBe(0);
    const times = host.lines.map((line) => (args.length === 0 ? line.split(' ')[0] : JSON.parse(line).time));
    expect(host.lines).toHaveLength(2);
    for (const time of times) expect(new Date(time).toISOString()).toBe(time);
    if (args.length === 0) continue;
    expect(host.lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: 'info', queue: 'logs', host: expect.any(String) },
      { level: 'info', message: expect.stringContaining('closing') },
    ]);
  }
});

test('says why an initializer has failed', async () => {
  const initializer = ['--initializer', `${fixtures}pool/failing.js#throwRangeError`, '--initargs', '["no database"]'];
  const host = new HostProcess('initializer', redis.url, initializer);
  expect(await host.exited).toBe(1);
  expect(host.lines.at(-1)).toMatch(/could not be made ready in 3 attempts: no database$/);
});

test('arguments without an initializer are a usage error, as JSON with --json-logs', async () => {
  const args = ['host', '-q', 'q', '--connection', redis.url, '--initargs', '[]', '--json-logs', `${tasks}/tasks.js`];
  const { code, stderr } = await run(process.execPath, [`${root}dist/bin/aiomultiprocess.js`, ...args]);
  expect(code).toBe(2);
  expect(JSON.parse(stderr)).toMatchObject({ level: 'error', message: '--initargs requires --initializer' });
});
