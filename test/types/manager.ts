import {
  type Delivery,
  type Guard,
  Manager,
  type Remote,
  type SharedJobQueue,
  type SharedMap,
  type SharedQueue,
  type SharedValue,
} from 'aiomultiprocess';
import { expectType } from '../support/expect-type.ts';

class Counter {
  count = 0;
  readonly name: string;
  constructor(name: string, start = 0) {
    this.name = name;
    this.count = start;
  }
  add(by: number): number {
    this.count += by;
    return this.count;
  }
  async save(): Promise<string> {
    return this.name;
  }
}

export async function types(manager: Manager): Promise<void> {
  const queue = manager.queue<number>({ maxSize: 100 });
  expectType<SharedQueue<number>>().of(queue);
  expectType<number>().of(await queue.get({ timeout: 1, signal: AbortSignal.timeout(1) }));
  expectType<Promise<void>>().of(queue.put(1, { priority: 1, timeout: 1 }));
  for await (const item of queue) expectType<number>().of(item);
  // @ts-expect-error: not an item of this queue
  await queue.put('text');
  // @ts-expect-error: an option that does not exist
  manager.queue({ size: 1 });

  const jobs = manager.queue<string>({ acknowledge: true });
  expectType<SharedJobQueue<string>>().of(jobs);
  expectType<Delivery<string>>().of(await jobs.get());
  for await (const delivery of jobs) expectType<string>().of(delivery.value);
  // @ts-expect-error: it is the delivery that is done
  await jobs.taskDone();

  await using guard = await manager.lock({ reentrant: true }).acquire();
  expectType<Guard>().of(guard);
  expectType<number>().of(await manager.semaphore(2, { bounded: true }).using(async () => 1));
  expectType<number>().of(await manager.barrier(2).wait());
  expectType<string[]>().of(await manager.list(['a']).slice());
  expectType<string | undefined>().of(await manager.list(['a']).get(0));

  const map = manager.map<string, number>();
  expectType<SharedMap<string, number>>().of(map);
  expectType<number>().of(await map.update('key', (count = 0) => count + 1));
  expectType<number>().of(await map.increment('key'));
  for await (const entry of map) expectType<[string, number]>().of(entry);
  // @ts-expect-error: an object is no key
  manager.map<object, number>();
  // @ts-expect-error: text cannot be incremented by one
  await manager.map<string, string>().increment('key', 1);

  const value = manager.value(0);
  expectType<SharedValue<number>>().of(value);
  expectType<number>().of(await value.increment(2));
  expectType<SharedValue<{ a: number }>>().of(manager.value({ a: 1 }));

  const createCounter = manager.register('Counter', Counter);
  const counter = createCounter('name', 1);
  expectType<Remote<Counter>>().of(counter);
  expectType<Promise<number>>().of(counter.add(1));
  expectType<Promise<string>>().of(counter.save());
  // @ts-expect-error: not an argument of the constructor
  createCounter(1);
  // @ts-expect-error: a property is no method
  counter.count;

  expectType<Promise<void>>().of(manager.close());
  expectType<string>().of(await Manager.using({ stdio: 'ignore' }, async () => 'text'));
}
