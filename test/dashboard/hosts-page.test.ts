/** The page of a distributed pool in Chromium, with two hosts in processes of their own. */
import { DistributedPool } from 'aiomultiprocess/distributed';
import type { Browser, Page } from 'playwright-core';
import { tripleAfter } from '../fixtures/distributed/tasks.js';
import { throwRangeError } from '../fixtures/pool/failing.js';
import { findAccessibilityProblems, openBrowser } from '../support/browser.ts';
import { REDIS } from '../support/datastores.ts';
import { type HostProcess, startHosts } from '../support/hosts.ts';
import { startRedis, type TestServer } from '../support/servers.ts';
import { until } from '../support/until.ts';

let browser: Browser;
let redis: TestServer;
let hosts: HostProcess[];
let pool: DistributedPool;
let address: string;
let page: Page;
let work: Promise<void>;
let isOver = false;
const complaints: string[] = [];

// On a fresh machine, Chromium is installed first.
beforeAll(async () => {
  [browser, redis] = await Promise.all([openBrowser(), startRedis()]);
  hosts = await startHosts(2, 'shown', redis.url, ['--processes', '2']);
  pool = new DistributedPool({ queue: 'shown', connection: redis.url, chunkSize: 8 });
  work = keepBusy();
  ({ address } = await pool.dashboard({ print: false }));
  page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  await page.goto(address);
}, 300_000);

afterAll(async () => {
  await browser?.close();
  await (await pool?.dashboard())?.close();
  await Promise.all((hosts ?? []).map((host) => host.end()));
  await redis?.remove();
});

async function keepBusy(): Promise<void> {
  const tasks = Array.from({ length: 64 }, (_, value): [number, number] => [value, 200]);
  while (!isOver) await pool.starmap(tripleAfter, tasks);
}

const hostOf = ({ pid }: HostProcess) => page.locator('.host').filter({ hasText: new RegExp(`Host \\S+-${pid}-`) });
const tile = (name: string, host: HostProcess) =>
  hostOf(host)
    .locator('.tile', { has: page.getByText(name, { exact: true }) })
    .locator('.value');

test('each host has its processes, with what they run', async () => {
  for (const host of hosts) {
    await hostOf(host).waitFor();
    await until(async () => (await hostOf(host).locator('.lane').count()) === 2);
    await hostOf(host).locator('.lane .now li').filter({ hasText: 'tripleAfter(' }).first().waitFor();
    await until(async () => /\d MB/.test(String(await hostOf(host).locator('.lane .usage').first().textContent())));
  }
  expect(await page.getByText('2 hosts').count()).toBe(1);
});

test('each host has its counts, which move, its chunks, its lease and the answer time of the datastore', async () => {
  for (const host of hosts) {
    const countOf = async (name: string) => Number(String(await tile(name, host).textContent()).replaceAll(',', ''));
    const before = await countOf('Done');
    await until(async () => (await countOf('Done')) > before && (await countOf('Running')) > 0);
    await until(async () => (await countOf('Leases')) === 1 && (await countOf('Chunks')) > 0);
    expect(await tile('Chunk sizes', host).textContent()).toMatch(/^(1 to )?8$/);
    expect(await tile('Datastore', host).textContent()).toMatch(/^[\d.]+ (µs|ms|s)$/);
  }
});

test('a failure is shown by its host, as text', async () => {
  await expect(pool.apply(throwRangeError, ['<b>far</b>'])).rejects.toThrow('far');
  const failure = page.locator('.host .failures').filter({ hasText: 'RangeError: <b>far</b>' });
  await failure.waitFor();
  expect(await page.locator('main b', { hasText: /^far$/ }).count()).toBe(0);
});

test('axe finds nothing serious, and on a narrow screen nothing is cut off', async () => {
  const checked = await browser.newPage({ viewport: { width: 390, height: 800 }, bypassCSP: true });
  await checked.goto(address);
  await until(async () => (await checked.locator('.host .lane').count()) === 4);
  expect(await findAccessibilityProblems(checked)).toEqual([]);
  expect(await checked.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
  await checked.close();
  // axe reads the page for seconds on a busy machine.
}, 90_000);

test('a host that is killed is soon silent, and then gone', async () => {
  const [killed, left] = hosts as [HostProcess, HostProcess];
  await killed.end();
  await hostOf(killed).getByText('silent for').waitFor();
  await hostOf(killed).waitFor({ state: 'detached' });
  expect(await hostOf(left).count()).toBe(1);
  expect(await page.getByText('1 host').count()).toBe(1);
}, 60_000);

test('nothing is left in the datastore, and the page has complained about nothing', async () => {
  isOver = true;
  await work;
  pool.close();
  await pool.join();
  await until(async () => (await REDIS.look(redis.url, 'shown')).length === 0);
  await page.getByText('ended', { exact: true }).first().waitFor();
  expect(complaints).toEqual([]);
}, 60_000);
