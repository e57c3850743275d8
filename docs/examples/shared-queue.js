// Manager: one producer and five consumers share a queue. Each consumer puts the end marker back for the next one.
import { isMainProcess, Manager, Pool } from 'aiomultiprocess';

const END = null;

export async function produce(queue, count) {
  for (let order = 1; order <= count; order++) await queue.put({ order, items: order % 3 });
  await queue.put(END);
}

export async function consume(queue, totals) {
  for (;;) {
    const order = await queue.get();
    if (order === END) {
      await queue.put(END);
      return;
    }
    await totals.increment('orders');
    await totals.increment('items', order.items);
  }
}

if (isMainProcess) {
  await Manager.using({}, async (manager) => {
    // The producer waits while the queue is full.
    const queue = manager.queue({ maxSize: 20 });
    const totals = manager.map();
    await Pool.using({ processes: 2 }, async (pool) => {
      const consumers = Array.from({ length: 5 }, () => pool.apply(consume, [queue, totals]));
      await Promise.all([pool.apply(produce, [queue, 300]), ...consumers]);
    });
    for (const [what, total] of await totals.entries()) console.log(`${what}: ${total}`);
  });
}
