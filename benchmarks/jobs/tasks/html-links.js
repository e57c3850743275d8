import { readFile } from 'node:fs/promises';
import { parse } from 'parse5';

export async function work(path) {
  const totals = { pages: 1, nodes: 0, links: 0, external: 0, images: 0 };
  const visit = (node) => {
    totals.nodes++;
    const attribute = (name) => node.attrs?.find((one) => one.name === name)?.value;
    if (node.nodeName === 'img') totals.images++;
    if (node.nodeName === 'a' && attribute('href') !== undefined) {
      totals.links++;
      if (/^https?:/.test(attribute('href'))) totals.external++;
    }
    for (const child of node.childNodes ?? []) visit(child);
  };
  visit(parse(await readFile(path, 'utf8')));
  return totals;
}
