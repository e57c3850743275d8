// Takes the pictures of docs/dashboard.md in Chromium, from a real run of docs/examples/dashboard.js, and of a distributed pool with
// two hosts. Requires chromium and redis-server.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const root = fileURLToPath(new URL('../', import.meta.url));
const pictures = join(root, 'docs/pictures');
/** How long the programs run before the pictures are taken, in milliseconds: their charts have a shape then. */
const RUN_TIME = 60_000;

/** Each has a width and a theme. `prepare` runs in the page. */
const OF_A_POOL = {
  'dashboard-light': { width: 1280, theme: 'light' },
  'dashboard-dark': { width: 1280, theme: 'dark', height: 900 },
  'dashboard-narrow': { width: 390, theme: 'dark', height: 1400 },
  'dashboard-failure': { width: 1280, theme: 'light', element: 'section:has(> .failures)', prepare: openFailure },
};
const OF_HOSTS = { 'dashboard-hosts': { width: 1280, theme: 'light', prepare: foldSecondHost } };

mkdirSync(pictures, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
try {
  await Promise.all([drawPool(), drawHosts()]);
} finally {
  await browser.close();
}

async function drawPool() {
  const program = run(process.execPath, ['docs/examples/dashboard.js', '600']);
  try {
    const [, address] = await program.prints(/^dashboard: (\S+)$/);
    await drawAll(OF_A_POOL, address);
  } finally {
    await program.end();
  }
}

async function drawHosts() {
  const folder = mkdtempSync(join(tmpdir(), 'pictures-'));
  const port = await findFreePort();
  const connection = `redis://127.0.0.1:${port}`;
  const programs = [
    run('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '']),
  ];
  try {
    for (const name of ['north', 'south']) programs.push(runHost(name, connection));
    const caller = run(process.execPath, ['scripts/pictured/crawl.js', connection]);
    programs.push(caller);
    const [, address] = await caller.prints(/^dashboard: (\S+)$/);
    await drawAll(OF_HOSTS, address);
  } finally {
    for (const program of programs.toReversed()) await program.end();
    rmSync(folder, { recursive: true });
  }
}

function runHost(name, connection) {
  const flags = [
    '--queue',
    'pages',
    '--connection',
    connection,
    '--name',
    name,
    '--processes',
    '2',
    '--concurrency',
    '8',
  ];
  return run(process.execPath, ['dist/bin/aiomultiprocess.js', 'host', ...flags, 'scripts/pictured/pages.js']);
}

/** Starts a program. Its messages are the lines of its stderr. */
function run(command, args) {
  const program = spawn(command, args, { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(program, 'exit');
  const lines = createInterface({ input: program.stderr });
  return {
    async prints(pattern) {
      for await (const line of lines) {
        const found = pattern.exec(line);
        if (found !== null) return found;
      }
      throw new Error(`${command} ${args.join(' ')} has ended`);
    },
    async end() {
      program.kill();
      await exited;
    },
  };
}

async function findFreePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function drawAll(wanted, address) {
  const pages = await Promise.all(Object.entries(wanted).map(([name, picture]) => openPage(name, picture, address)));
  await sleep(RUN_TIME);
  for (const [name, picture, page] of pages) await draw(name, picture, page);
}

async function openPage(name, picture, address) {
  const { width, theme, height = 900 } = picture;
  const page = await browser.newPage({ viewport: { width, height }, colorScheme: theme });
  await page.goto(address);
  return [name, picture, page];
}

async function draw(name, { height, element, prepare }, page) {
  const path = join(pictures, `${name}.png`);
  await prepare?.(page);
  if (element !== undefined) await page.locator(element).screenshot({ path });
  else await page.screenshot({ path, fullPage: height === undefined });
}

async function openFailure(page) {
  await page.locator('.failures summary').nth(1).click();
}

async function foldSecondHost(page) {
  await page.locator('.host > summary').nth(1).click();
  await page.evaluate('scrollTo(0, 0)');
}
