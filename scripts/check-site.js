// Checks the built documentation site in a browser: `npm run check:site`, after `npm run docs`. Each page, at the width of a
// phone and of a desktop: axe finds nothing serious, nothing is wider than the window, and no script or request fails. The
// search must find a name. Screenshots of all pages go into docs/.vitepress/screenshots/. The browser is $CHROMIUM, or else
// /usr/bin/chromium. With `--only text`, only pages whose path contains the text.
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { serve } from 'vitepress';

const docs = fileURLToPath(new URL('../docs/', import.meta.url));
const site = `${docs}.vitepress/dist/`;
const screenshots = `${docs}.vitepress/screenshots/`;
const axe = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');
const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 800 } };

const { only } = parseArgs({ options: { only: { type: 'string', default: '' } } }).values;
const problems = [];

const { server } = await serve({ root: docs, port: 0 });
const origin = `http://127.0.0.1:${server.address().port}`;
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium' });
try {
  rmSync(screenshots, { recursive: true, force: true });
  mkdirSync(screenshots, { recursive: true });
  const pages = readdirSync(site, { recursive: true }).filter((name) => name.endsWith('.html') && name.includes(only));
  if (pages.length === 0) throw new Error(`no page of the site contains "${only}"`);
  for (const [size, viewport] of Object.entries(SIZES)) await checkPages(pages, size, viewport);
  await checkSearch();
  console.log(`${pages.length} pages checked at ${Object.keys(SIZES).length} widths, ${problems.length} problems`);
} finally {
  await browser.close();
  server.close();
}
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;

async function checkPages(pages, size, viewport) {
  const context = await browser.newContext({ viewport, colorScheme: 'light', reducedMotion: 'reduce' });
  const page = await context.newPage();
  page.setDefaultTimeout(120_000);
  let at = '';
  page.on('pageerror', (error) => problems.push(`${at}: ${error.message}`));
  page.on('requestfailed', (request) => problems.push(`${at}: ${request.url()} failed`));
  page.on('request', (request) => {
    if (!request.url().startsWith(origin) && !request.url().startsWith('data:'))
      problems.push(`${at}: asks the network for ${request.url()}`);
  });
  for (const name of pages) {
    at = `${name} (${size})`;
    await page.goto(`${origin}/${name}`, { waitUntil: 'networkidle' });
    await page.screenshot({ path: `${screenshots}${name.replace(/\.html$/, '').replaceAll('/', '-')}.${size}.png` });
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    if (width > viewport.width) problems.push(`${at}: is ${width} pixels wide`);
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => globalThis.axe.run({ resultTypes: ['violations'] }));
    for (const { id, impact, help, nodes } of violations)
      if (impact === 'serious' || impact === 'critical')
        problems.push(
          `${at}: ${id}, ${help}: ${nodes
            .slice(0, 2)
            .map(({ html }) => html.slice(0, 160))
            .join(' | ')}`,
        );
  }
  await context.close();
}

/** The index is part of the site, so the search works without a network. */
async function checkSearch() {
  const page = await browser.newPage({ viewport: SIZES.desktop });
  await page.goto(origin, { waitUntil: 'networkidle' });
  await page.locator('#local-search button, button.DocSearch-Button').first().click();
  await page.locator('.search-input').fill('PoolOptions');
  const result = page.locator('.VPLocalSearchBox .results .result').first();
  await result.waitFor({ timeout: 20_000 });
  await page.screenshot({ path: `${screenshots}search.desktop.png` });
  const text = await result.textContent();
  if (!text?.includes('PoolOptions')) problems.push(`search: "PoolOptions" finds ${text}`);
  await page.close();
}
