/** More of the page of the dashboard in Chromium: `npm run check:dashboard`. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Locator, Page } from 'playwright-core';
import { findAccessibilityProblems, openBrowser, WatchedProgram } from '../support/browser.ts';
import { ask, Viewer } from '../support/dashboard.ts';
import { until } from '../support/until.ts';

let browser: Browser;
let program: WatchedProgram;

// On a fresh machine, Chromium is installed first.
beforeAll(async () => {
  [browser, program] = await Promise.all([openBrowser(), WatchedProgram.start()]);
}, 300_000);

afterAll(async () => {
  await browser?.close();
  await program?.kill();
});

/** Opens a page, and waits until it shows the tasks. */
async function openPage(options: { colorScheme?: 'light' | 'dark'; width?: number } = {}): Promise<Page> {
  const { colorScheme = 'light', width = 1280 } = options;
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme, bypassCSP: true });
  await page.goto(program.address);
  await page.locator('.lane').filter({ hasText: 'wait(600000)' }).first().waitFor();
  return page;
}

test.each([
  ['light', 1280],
  ['dark', 1280],
  ['light', 390],
  ['dark', 390],
] as const)(
  'axe finds nothing serious with the %s theme at %i px, and nothing is cut off',
  async (colorScheme, width) => {
    const page = await openPage({ colorScheme, width });
    expect(await page.evaluate('document.documentElement.dataset.theme')).toBe(colorScheme);
    for (const details of await page.locator('details:not([open]) > summary').all()) await details.click();
    expect(await findAccessibilityProblems(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    await page.close();
  },
  90_000,
);

test('the theme button goes through the theme of the system, light and dark, and is remembered', async () => {
  const page = await openPage({ colorScheme: 'dark' });
  const theme = () => page.evaluate('document.documentElement.dataset.theme');
  const background = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
  const dark = await background();
  await page.getByRole('button', { name: 'Switch to light' }).click();
  await until(async () => (await theme()) === 'light' && (await background()) !== dark);
  await page.reload();
  expect(await theme()).toBe('light');
  await page.getByRole('button', { name: 'Switch to dark' }).click();
  await until(async () => (await theme()) === 'dark' && (await background()) === dark);
  await page.close();
});

describe('the timeline', () => {
  let page: Page;
  let timeline: Locator;
  beforeAll(async () => {
    page = await openPage();
    timeline = page.locator('.timeline');
  });
  afterAll(() => page.close());

  const span = async () => String(await timeline.locator('.panel-head .number').textContent());
  // One of the processes may have only tasks that do not end.
  const tasks = async () => {
    const counts = await timeline.locator('tbody td:nth-child(2)').allTextContents();
    return Math.max(...counts.map(Number));
  };

  test('zooms in and out with its buttons and with keys, moves with the arrows, and shows all again', async () => {
    await until(async () => (await tasks()) > 20);
    expect(await span()).toBe('30.0 s until now');
    await timeline.getByRole('button', { name: 'Zoom in' }).click();
    await until(async () => (await span()).startsWith('18.8 s until '));
    const canvas = timeline.getByRole('group');
    await canvas.press('+');
    await until(async () => (await span()).startsWith('11.7 s until '));
    const [, before] = (await span()).split(' until ');
    await canvas.press('ArrowLeft');
    await until(async () => (await span()).split(' until ')[1] !== before);
    await canvas.press('-');
    await timeline.getByRole('button', { name: 'Zoom out' }).click();
    await until(async () => (await span()).startsWith('30.0 s until '));
    await canvas.press('+');
    await canvas.press('0');
    await until(async () => (await span()) === '30.0 s until now');
  });

  test('zooms with the wheel only while Ctrl is pressed', async () => {
    await timeline.scrollIntoViewIfNeeded();
    await timeline.locator('canvas').hover();
    await page.mouse.wheel(0, -10);
    expect(await span()).toBe('30.0 s until now');
    await page.keyboard.down('Control');
    await page.mouse.wheel(0, -100);
    await page.keyboard.up('Control');
    await until(async () => (await span()).startsWith('18.8 s until '));
    await timeline.getByRole('button', { name: 'Reset' }).click();
  });

  test('stands still while it is frozen', async () => {
    await timeline.getByRole('button', { name: 'Freeze' }).click();
    const frozen = await timeline.locator('table').textContent();
    const done = page.locator('.tile', { has: page.getByText('Done', { exact: true }) }).locator('.value');
    const before = await done.textContent();
    await until(async () => (await done.textContent()) !== before);
    expect(await timeline.locator('table').textContent()).toBe(frozen);
    await timeline.getByRole('button', { name: 'Go live' }).click();
    await until(async () => (await timeline.locator('table').textContent()) !== frozen);
  });

  test('is saved as a trace of its tasks', async () => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      timeline.getByRole('button', { name: 'Download trace' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('tested-trace.json');
    const events = JSON.parse(await readFile(await download.path(), 'utf8')) as {
      name: string;
      ph: string;
      dur: number;
      args: { name?: string };
    }[];
    const waits = events.filter(({ name, ph }) => name === 'wait' && ph === 'X');
    expect(waits.length).toBeGreaterThan(20);
    expect(waits.every(({ dur }) => dur > 0)).toBe(true);
    expect(events[0]).toMatchObject({ name: 'process_name', ph: 'M', args: { name: 'tested' } });
  });
});

test('without the token the page asks for it, refuses a wrong one, and opens with the right one', async () => {
  const page = await browser.newPage({ bypassCSP: true });
  const { origin } = new URL(program.address);
  await page.goto(origin);
  const form = page.locator('form.token');
  await form.getByText('the token is missing or wrong').waitFor();
  expect(await findAccessibilityProblems(page)).toEqual([]);
  const enter = async (token: string) => {
    await form.getByLabel('Token').fill(token);
    await form.getByRole('button', { name: 'Open' }).click();
  };
  const [refusal] = await Promise.all([
    page.waitForResponse((response) => response.url().endsWith('/events')),
    enter('another-token-of-this-test'),
  ]);
  expect(refusal.status()).toBe(401);
  await form.getByText('the token is missing or wrong').waitFor();
  await enter('token-of-this-test');
  await page.locator('.lane').first().waitFor();
  // It is kept while the tab is open, and it is not in the address.
  await page.reload();
  await page.locator('.lane').first().waitFor();
  expect(page.url()).toBe(`${origin}/`);
  await page.close();
}, 60_000);

test('a proxy may serve the page under another name and in a folder', async () => {
  const { port } = program;
  // As nginx with `location /pools/ { proxy_pass http://127.0.0.1:PORT/; }`.
  const proxy = createServer((asked, answer) => {
    if (!asked.url?.startsWith('/pools/')) return void answer.writeHead(404).end();
    const path = asked.url.replace('/pools/', '/');
    const headers = { ...asked.headers, host: `127.0.0.1:${port}` };
    const sent = request({ port, path, method: asked.method, headers }, (response) => {
      answer.writeHead(response.statusCode as number, response.headers);
      response.pipe(answer);
    });
    answer.on('close', () => sent.destroy());
    asked.pipe(sent.on('error', () => answer.destroy()));
  }).listen(0);
  await once(proxy, 'listening');
  const page = await browser.newPage();
  await page.goto(`http://jobs.localhost:${(proxy.address() as AddressInfo).port}/pools/#token=token-of-this-test`);
  await page.locator('.lane').first().waitFor();
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('button', { name: 'Resume' }).click();
  await page.getByRole('button', { name: 'Pause' }).waitFor();
  await page.close();
  proxy.closeAllConnections();
  proxy.close();
});

test('a page that is one too many says so, and opens when another has gone', async () => {
  const { port } = program;
  const token = 'token-of-this-test';
  const viewers = Array.from({ length: 16 }, () => new Viewer({ port, token }));
  await until(
    async () => (await ask(port, '/events', { headers: { authorization: `Bearer ${token}` } })).status === 503,
  );
  const page = await browser.newPage();
  try {
    await page.goto(program.address);
    await page.getByRole('status').filter({ hasText: 'too many pages are open' }).waitFor();
  } finally {
    for (const viewer of viewers) viewer.close();
  }
  await page.locator('.lane').first().waitFor();
  await page.close();
});

test('a trace that cannot be saved is not: the page says why', async () => {
  const page = await openPage();
  await page.route('**/trace?*', (route) => route.fulfill({ status: 404, body: 'there is no such pool\n' }));
  await page.getByRole('button', { name: 'Download trace' }).click();
  await page.getByRole('alert').filter({ hasText: 'Not done: there is no such pool' }).waitFor();
  await page.close();
});
