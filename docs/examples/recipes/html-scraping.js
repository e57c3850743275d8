// html-scraping: reads pages, and writes their titles and links as NDJSON. Addresses are taken from stdin at the pace of the reader
// of stdout: a slow reader slows the requests down, and memory stays small however long the list is.
// Usage: node docs/examples/recipes/html-scraping.js < addresses.txt | head -1000
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { currentTask, isMainProcess, Pool } from 'aiomultiprocess';
import { parse } from 'parse5';

/** The task: waits for the network, then computes. While some pages are on their way, the process parses others. */
export async function scrape(address) {
  const response = await fetch(address, { signal: currentTask().signal });
  // An error is retried; a page that does not exist would not exist the next time either.
  if (response.status >= 500) throw new Error(`${address} answered ${response.status}`);
  if (!response.ok) return { address, status: response.status };
  const page = { address, status: response.status, title: '', links: [] };
  const visit = (node) => {
    if (node.nodeName === 'title') page.title = node.childNodes[0]?.value.trim() ?? '';
    const href = node.attrs?.find(({ name }) => name === 'href')?.value;
    if (node.nodeName === 'a' && href !== undefined && URL.canParse(href, address)) {
      page.links.push(new URL(href, address).href);
    }
    node.childNodes?.forEach(visit);
  };
  visit(parse(await response.text()));
  return page;
}

async function* readAddresses() {
  for await (const line of createInterface({ input: process.stdin })) if (line.trim()) yield line.trim();
}

async function write(record) {
  if (!process.stdout.write(`${JSON.stringify(record)}\n`)) await once(process.stdout, 'drain');
}

if (isMainProcess) {
  // `| head` closes the pipe: then there is nothing left to do.
  process.stdout.on('error', () => process.exit());
  await Pool.using({ name: 'scraping' }, async (pool) => {
    const pages = pool.map(scrape, readAddresses(), { timeout: 20_000, retries: 2 });
    for await (const { value, reason } of pages.outcomes()) await write(value ?? { error: reason.message });
  });
}
