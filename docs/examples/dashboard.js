// A shop with work of several kinds on a pool, and its dashboard: open the address that it prints.
// Runs for a second, or for as many as you ask for: node docs/examples/dashboard.js 600
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainProcess, Pool } from 'aiomultiprocess';

class PaymentError extends Error {
  name = 'PaymentError';
}

export async function renderThumbnail(product) {
  const end = performance.now() + 15 + (product % 7) * 4;
  while (performance.now() < end);
  return `${product}.webp`;
}

export async function sendReceipt(order) {
  await sleep(20 + Math.random() * 120);
  return order.id;
}

export async function chargeCard(order) {
  await sleep(60 + Math.random() * 200);
  if (order.id % 23 === 0) throw new PaymentError(`the card of ${order.customer} was declined`);
  if (order.id % 9 === 0 && Math.random() < 0.5) throw new Error('the bank has not answered');
  return order.id;
}

export async function buildReport(year) {
  await sleep(2500 + Math.random() * 1500);
  return year;
}

export async function* readStock(warehouse) {
  for (let item = 0; ; item++) {
    await sleep(120);
    yield { warehouse, item };
  }
}

const orderOf = (id) => ({ id, customer: `customer-${id % 90}`, total: ((id * 37) % 9000) / 100 });

/** Calls at random intervals until the time is up. */
async function repeat(pause, end, call) {
  for (let id = 1; performance.now() < end; id++) {
    // A failed payment is a failure in the dashboard, not of this program.
    call(id).catch(() => {});
    await sleep(Math.random() * 2 * pause);
  }
}

if (isMainProcess) {
  const seconds = Number(process.argv[2] ?? 1);
  const end = performance.now() + seconds * 1000;
  const options = { port: Number(process.env.PORT ?? 0), actions: true };
  const pool = new Pool({ name: 'shop', processes: 4, childConcurrency: 6, dashboard: options });
  const reports = new Pool({ name: 'reports', processes: 1 });

  const thumbnails = pool.map(renderThumbnail, Array(20 + seconds * 60).keys());
  thumbnails.catch(() => {});
  const stock = pool.stream(readStock, ['north']);
  await Promise.all([
    repeat(25, end, (id) => pool.apply(sendReceipt, [orderOf(id)])),
    repeat(40, end, (id) => pool.apply(chargeCard, [orderOf(id)], { retries: 1 })),
    repeat(3000, end, (id) => reports.apply(buildReport, [2000 + id])),
    repeat(300, end, () => stock.next()),
  ]);
  thumbnails.cancel();
  const { done, failed } = pool.stats();
  console.log(`${done} tasks done, ${failed} failed`);
  await Promise.all([pool[Symbol.asyncDispose](), reports[Symbol.asyncDispose]()]);
}
