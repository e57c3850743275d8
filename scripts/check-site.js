// Checks the built documentation site in a browser: `npm run check:site`, after `npm run docs`. Each page, on a phone and on a
// desktop, light and dark: axe finds nothing serious, nothing is wider than the window, no script or request fails, and
// nothing is asked from another server. The search must find a name. Screenshots of all pages go into
// docs/.vitepress/screenshots/. The browser is $CHROMIUM, or else Chromium. With `--only text`, only pages whose path contains
// the text.
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { serve } from 'vitepress';
import { findAccessibilityProblems, openBrowser } from '../test/support/browser.ts';

const docs = fileURLToPath(new URL('../docs/', import.meta.url));
const site = `${docs}.vitepress/dist/`;
const screenshots = `${docs}.vitepress/screenshots/`;
const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 800 } };

const { only } = parseArgs({ options: { only: { type: 'string', default: '' } } }).values;
const pages = readdirSync(site, { recursive: true }).filter((name) => name.endsWith('.html') && name.includes(only));
if (pages.length === 0) throw new Error(`no page of the site contains "${only}"`);
const problems = [];

const { server } = await serve({ root: docs, port: 0 });
const origin = `http://127.0.0.1:${server.address().port}`;
const browser = await openBrowser();
try {
  rmSync(screenshots, { recursive: true, force: true });
  for (const [size, viewport] of Object.entries(SIZES)) {
    mkdirSync(`${screenshots}${size}`, { recursive: true });
    // The tabs take the names from one iterator, so that each page is checked once.
    const names = pages.values();
    const tabs = Array.from({ length: availableParallelism() }, () => checkPages(names, size, viewport));
    await Promise.all(tabs);
  }
  await checkSearch();
} finally {
  await browser.close();
  server.close();
}
for (const problem of problems) console.error(problem);
console.log(`${pages.length} pages checked on a phone and a desktop, light and dark: ${problems.length} problems`);
if (problems.length > 0) process.exitCode = 1;

async function checkPages(names, size, viewport) {
  const tab = await openTab(viewport);
  for (const name of names) {
    await tab.page.emulateMedia({ colorScheme: 'light' });
    await tab.open(name, `${name} (${size})`);
    const picture = `${screenshots}${size}/${name.replace(/\.html$/, '').replaceAll('/', '-')}`;
    await tab.page.screenshot({ path: `${picture}.light.png` });
    const width = await tab.page.evaluate(() => document.documentElement.scrollWidth);
    if (width > viewport.width) tab.report(`is ${width} pixels wide`);
    await tab.checkAccessibility();
    await tab.page.emulateMedia({ colorScheme: 'dark' });
    await tab.page.locator('html.dark').waitFor();
    await tab.page.screenshot({ path: `${picture}.dark.png` });
    // Only the colours differ.
    await tab.checkAccessibility({ runOnly: ['color-contrast'] });
  }
  await tab.page.close();
}

/** The index is a part of the site, so the search needs no other server. */
async function checkSearch() {
  const { page, open, report } = await openTab(SIZES.desktop);
  await open('', 'search');
  await page.getByRole('button', { name: 'Search' }).click();
  await page.getByRole('searchbox').fill('PoolOptions');
  const result = page.locator('.VPLocalSearchBox .results .result').first();
  await result.waitFor();
  await page.screenshot({ path: `${screenshots}search.png` });
  const text = await result.textContent();
  if (!text?.includes('PoolOptions')) report(`"PoolOptions" finds ${text}`);
  await result.click();
  await page.waitForURL(/PoolOptions/);
  await page.close();
}

/** A tab of the browser that reports what fails in it. */
async function openTab(viewport) {
  const page = await browser.newPage({ viewport, reducedMotion: 'reduce' });
  page.setDefaultTimeout(120_000);
  let place = '';
  const report = (problem) => problems.push(`${place}: ${problem}`);
  page.on('pageerror', ({ message }) => report(message));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(`${origin}/`) && !url.startsWith('data:')) report(`asks another server for ${url}`);
  });
  page.on('requestfailed', (request) => report(`${request.url()} failed`));
  page.on('response', (response) => {
    if (response.status() >= 400) report(`${response.url()} is answered with ${response.status()}`);
  });
  return {
    page,
    report,
    async open(name, as) {
      place = as;
      await page.goto(`${origin}/${name}`, { waitUntil: 'networkidle' });
    },
    async checkAccessibility(options) {
      for (const problem of await findAccessibilityProblems(page, options)) report(problem.slice(0, 400));
    },
  };
}
