/** A host runs exactly the function that was called, or none. */
import { TaskNotFoundError, tasksFrom } from 'aiomultiprocess';
import { DistributedPool } from 'aiomultiprocess/distributed';
import commonJs from '../../fixtures/distributed/common.cjs';
import main, * as named from '../../fixtures/distributed/named.js';
import { HostProcess } from '../../support/hosts.ts';
import { startRedis, type TestServer } from '../../support/servers.ts';

const url = (name: string) => new URL(`../../fixtures/distributed/${name}`, import.meta.url);
const modules = ['named.js', 'common.cjs'].map((name) => url(name).pathname);
type Text = () => Promise<string>;

let redis: TestServer;
let host: HostProcess;
let pool: DistributedPool;

beforeAll(async () => {
  redis = await startRedis();
  host = new HostProcess('functions', redis.url, [], modules);
  await host.ready();
  pool = new DistributedPool({ queue: 'functions', connection: redis.url });
});

afterAll(async () => {
  pool.terminate();
  await pool.join();
  await host.end('SIGTERM');
  await redis.remove();
});

test.each<[string, Text, string]>([
  ['a default export', main, 'the default export'],
  ['an export under the name of another function', named.getSwapped().save, 'save'],
  ['that other function', named.getSwapped().store, 'store'],
  ['the first of two functions of a factory', named.first, 'first'],
  ['the second of two functions of a factory', named.second, 'second'],
  ['the first of two functions marked by task()', named.marked, 'marked'],
  ['the second of two functions marked by task()', named.markedToo, 'marked too'],
  ['a function without a name', named.nameless, 'nameless'],
  ['an export with the name of the marked functions', named.wrapped, 'the export named wrapped'],
  ['a function of a CommonJS module', commonJs.outer, 'inner'],
  ['a handle of tasksFrom()', tasksFrom<{ save: Text }>(url('named.js')).save, 'store'],
])('%s is the function that runs', async (_what, fn, text) => {
  expect(await pool.apply(fn)).toBe(text);
});

test.each<[string, Text]>([
  ['a function beside a default export', named.getHidden()],
  ['a function of a factory', named.getThird()],
  ['a function marked by task()', named.getUnexported()],
  ['a function of a CommonJS module', commonJs.getHidden()],
])('%s that is not exported rejects with TaskNotFoundError', async (_what, fn) => {
  await expect((async () => pool.apply(fn))()).rejects.toThrow(TaskNotFoundError);
});
