// What the hosts run in the picture of a distributed pool.
import { setTimeout as sleep } from 'node:timers/promises';

export async function fetchPage(url) {
  await sleep(40 + Math.random() * 160);
  if (Math.random() < 0.001) throw new Error(`${url} has answered with 503`);
  return url.length;
}

export async function indexPage(url) {
  const end = performance.now() + 5 + Math.random() * 20;
  while (performance.now() < end);
  return url.length;
}
