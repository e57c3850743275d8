/** The page of the dashboard in Chromium, with a program of its own. */
import type { Browser, Page } from 'playwright-core';
import { findAccessibilityProblems, openBrowser, WatchedProgram } from '../support/browser.ts';
import { until } from '../support/until.ts';

let browser: Browser;
let program: WatchedProgram;
let page: Page;
const complaints: string[] = [];

// On a fresh machine, Chromium is installed first.
beforeAll(async () => {
  [browser, program] = await Promise.all([openBrowser(), WatchedProgram.start()]);
  page = await browser.newPage({ viewport: { width: 1280, height: 900 }, bypassCSP: false });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  await page.goto(program.address);
}, 300_000);

afterAll(async () => {
  await browser?.close();
  await program?.kill();
});

const status = (text: string) => page.getByRole('status').filter({ hasText: text }).waitFor();
const tile = (name: string) => page.locator('.tile', { has: page.getByText(name, { exact: true }) }).locator('.value');
const countOf = async (name: string) => Number(String(await tile(name).textContent()).replaceAll(',', ''));

test('the counts move', async () => {
  await status('live');
  const before = await countOf('Done');
  await until(async () => (await countOf('Done')) > before);
  // The token is not shown.
  expect(page.url()).not.toContain('token');
});

test('a failed task opens to its arguments and its stack, as text', async () => {
  const failure = page.locator('.failures details').filter({ hasText: 'failWith' });
  await failure.locator('summary').click();
  const text = await failure.textContent();
  expect(text).toContain(`<img src="/x" onerror="document.title = 'run'">`);
  expect(text).toContain('RangeError: <img src="/x" onerror=');
  expect(text).toMatch(/at failWith \(.*tasks\.js:\d+:\d+\)/);
  expect(await page.locator('main img').count()).toBe(0);
  expect(await page.title()).toBe('aiomultiprocess');
});

test('every process has a lane, and the timeline has their tasks', async () => {
  await until(async () => (await page.locator('.lane').count()) === 2);
  await page.locator('.lane').filter({ hasText: 'wait(600000)' }).first().waitFor();
  const rows = page.locator('.timeline table tbody tr');
  await until(
    async () => (await rows.count()) === 2 && Number(await rows.first().locator('td').first().textContent()) > 0,
  );
});

test('axe finds nothing serious', async () => {
  const checked = await browser.newPage({ viewport: { width: 1280, height: 900 }, bypassCSP: true });
  await checked.goto(program.address);
  await checked.locator('.failures summary').first().click();
  expect(await findAccessibilityProblems(checked)).toEqual([]);
  await checked.close();
  // axe reads the page for seconds on a busy machine.
}, 90_000);

test('on a narrow screen nothing is cut off', async () => {
  await page.setViewportSize({ width: 390, height: 800 });
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
  await page.setViewportSize({ width: 1280, height: 900 });
});

test('a map is cancelled with two clicks', async () => {
  await page.getByRole('button', { name: 'Cancel map wait' }).click();
  await page.getByRole('button', { name: 'Confirm: Cancel map wait' }).click();
  await until(() => program.lines.includes('map: the map was cancelled in the dashboard'));
  await page.getByRole('heading', { name: 'Maps and streams' }).waitFor({ state: 'detached' });
});

test('a program that is stopped and continues is seen to do so', async () => {
  program.signal('SIGSTOP');
  await status('not responding');
  program.signal('SIGCONT');
  await status('live');
});

test('a program that is started again on its port is connected again', async () => {
  const { port } = program;
  await program.kill();
  await status('not reachable');
  program = await WatchedProgram.start(port);
  await status('live');
  await until(async () => (await countOf('Done')) > 0);
});

test('the page has complained about nothing but the lost connection', () => {
  expect(complaints.filter((text) => !/ERR_CONNECTION|ERR_INCOMPLETE|ERR_EMPTY|ERR_SOCKET/.test(text))).toEqual([]);
});
