/** What a dashboard must not do to its program. */
import { Pool } from 'aiomultiprocess';
import type { Dashboard } from 'aiomultiprocess/dashboard';
import { Viewer } from '../support/dashboard.ts';
import { node, root } from '../support/run.ts';
import { until } from '../support/until.ts';

const program = `
  import { Pool } from '${import.meta.resolve('aiomultiprocess')}';
  import { connect } from 'node:net';
  import { wait } from '${root}test/fixtures/dashboard/tasks.js';
  const pool = new Pool({ processes: 1, dashboard: true });
  const { port } = await pool.dashboard();
  // A page that stays open, without being a reason itself to go on.
  const socket = connect(port, '127.0.0.1', () => socket.write('GET /events HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n'));
  await new Promise((resolve) => socket.once('data', resolve));
  socket.unref();
  console.log(await pool.apply(wait, [1]));
`;

test('a finished program exits, with an open pool, an open dashboard and an open page', async () => {
  const { code, stdout, stderr } = await node(['--input-type=module', '-e', program]);
  expect({ code, stdout }).toEqual({ code: 0, stdout: '1\n' });
  expect(stderr).toMatch(/^dashboard: http:\/\/127\.0\.0\.1:\d+\/\n$/);
});

test('a program that does not open it does not load it', async () => {
  const start = `import { Pool } from '${import.meta.resolve('aiomultiprocess')}'; const pool = new Pool({ processes: 1 });`;
  // Only the server of the dashboard needs this module of Node.js.
  const print = `console.log(process.moduleLoadList.includes('NativeModule http'));`;
  const open = 'await pool.dashboard({ print: false });';
  expect(await node(['--input-type=module', '-e', start + print])).toMatchObject({ code: 0, stdout: 'false\n' });
  expect(await node(['--input-type=module', '-e', start + open + print])).toMatchObject({ code: 0, stdout: 'true\n' });
});

describe('a page that never reads', () => {
  // Long names make large states. No process is started.
  const pools = Array.from('abcdefghijkl', (name) => new Pool({ minProcesses: 0, name: name.repeat(100_000) }));
  let dashboard: Dashboard;

  beforeAll(async () => {
    dashboard = await (pools[0] as Pool).dashboard({ print: false });
  });

  afterAll(async () => {
    await dashboard.close();
    await Promise.all(pools.map((pool) => pool[Symbol.asyncDispose]()));
  });

  test('misses states, which do not pile up', async () => {
    const reading = new Viewer(dashboard);
    const stuck = new Viewer(dashboard);
    await Promise.all([reading, stuck].map((viewer) => viewer.find(() => true)));
    stuck.pause();
    // The kernel keeps some megabytes for it.
    await until(() => reading.received > 24_000_000);
    const sent = reading.received;
    stuck.resume();
    // It gets what the kernel has kept, and one state more.
    await until(() => reading.received > sent + 2_000_000);
    expect(stuck.received - (reading.received - sent)).toBeLessThan(sent * 0.6);
    reading.close();
    stuck.close();
  });
});
