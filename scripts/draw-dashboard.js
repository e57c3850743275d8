// Takes the pictures of docs/dashboard.md from a real run of docs/examples/dashboard.js, in Chromium. Requires chromium.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const docs = new URL('../docs/', import.meta.url);
/** How long the example runs before the pictures are taken, in milliseconds: its charts have a shape then. */
const RUN_TIME = 60_000;

/** Each has a width and a theme. `prepare` runs in the page. */
const PICTURES = {
  'dashboard-light': { width: 1280, theme: 'light' },
  'dashboard-dark': { width: 1280, theme: 'dark', height: 900 },
  'dashboard-narrow': { width: 390, theme: 'dark', height: 1400 },
  'dashboard-failure': { width: 1280, theme: 'light', element: 'section:has(> .failures)', prepare: openFailure },
};

const program = spawn(process.execPath, [fileURLToPath(new URL('examples/dashboard.js', docs)), '600'], {
  stdio: ['ignore', 'ignore', 'pipe'],
});
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
try {
  const address = await readAddress();
  const pages = await Promise.all(Object.entries(PICTURES).map(([name, picture]) => openPage(name, picture, address)));
  await new Promise((resolve) => setTimeout(resolve, RUN_TIME));
  mkdirSync(new URL('pictures/', docs), { recursive: true });
  for (const [name, picture, page] of pages) await draw(name, picture, page);
} finally {
  await browser.close();
  program.kill();
  await once(program, 'exit');
}

async function readAddress() {
  for await (const line of createInterface({ input: program.stderr })) {
    const [, address] = /^dashboard: (\S+)$/.exec(line) ?? [];
    if (address !== undefined) return address;
  }
  throw new Error('the example has printed no address');
}

async function openPage(name, picture, address) {
  const { width, theme, height = 900 } = picture;
  const page = await browser.newPage({ viewport: { width, height }, colorScheme: theme });
  await page.goto(address);
  return [name, picture, page];
}

async function draw(name, { height, element, prepare }, page) {
  const path = fileURLToPath(new URL(`pictures/${name}.png`, docs));
  await prepare?.(page);
  if (element !== undefined) await page.locator(element).screenshot({ path });
  else await page.screenshot({ path, fullPage: height === undefined });
}

async function openFailure(page) {
  await page.locator('.failures summary').nth(1).click();
}
