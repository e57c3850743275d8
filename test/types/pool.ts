import { type MapOptions, type Outcome, Pool, type PoolResult, RoundRobin, Scheduler } from 'aiomultiprocess';
import { expectType } from '../support/expect-type.ts';

declare const pool: Pool;
declare const asyncNumbers: AsyncIterable<number>;
declare function toText(value: number): Promise<string>;
declare function toTextNow(value: number): string;
declare function join(left: string, right: number): Promise<boolean>;
declare function withDefault(value: number, factor?: number): Promise<number>;
declare function nothing(): Promise<Date>;
declare function identity<T>(value: T): Promise<T>;

// map: what the function gives back is what the result holds.
expectType<PoolResult<string>>().of(pool.map(toText, [1, 2]));
expectType<Promise<string[] | number>>().of(pool.map(toText, [1]).catch(() => 1));
expectType<Promise<string[]>>().of(pool.map(toText, [1]).finally(() => {}));
expectType<PoolResult<string>>().of(pool.map(toTextNow, new Set([1])));
expectType<PoolResult<string>>().of(pool.map(toText, asyncNumbers));
expectType<PoolResult<number>>().of(pool.map(identity, [1, 2]));
expectType<PoolResult<number>>().of(pool.map(async (value: number) => value * 2, [1]));
expectType<PoolResult<number>>().of(pool.map((value) => value * 2, [1]));
expectType<PoolResult<string>>().of(pool.map(toText, [1, 2] as const));
// A function may take more than map gives it, if the rest is optional.
expectType<PoolResult<number>>().of(pool.map(withDefault, [1]));
// @ts-expect-error: the items are not what the function takes
pool.map(toText, ['a']);
// @ts-expect-error: the items of an async iterable neither
pool.map((text: string) => text.length, asyncNumbers);
// @ts-expect-error: a second parameter that map cannot give
pool.map(join, ['a']);
// @ts-expect-error: a number is no list of items
pool.map(toText, 3);
// @ts-expect-error: a name is no function
pool.map('toText', [1]);
// @ts-expect-error: items are missing
pool.map(toText);

// Each outcome: the value or the error, as of Promise.allSettled, with its index.
expectType<AsyncGenerator<Outcome<string>, void, undefined>>().of(pool.map(toText, [1]).outcomes());
pool.map(toText, [1]).outcomes({ unordered: true });
async function readOutcomes(): Promise<string[]> {
  const texts: string[] = [];
  for await (const outcome of pool.map(toText, [1]).outcomes()) {
    expectType<number>().of(outcome.index);
    if (outcome.status === 'fulfilled') texts.push(outcome.value);
  }
  return texts;
}
expectType<Promise<string[]>>().of(readOutcomes());

// starmap: each item is a list of arguments.
expectType<PoolResult<boolean>>().of(
  pool.starmap(join, [
    ['a', 1],
    ['b', 2],
  ]),
);
expectType<PoolResult<number>>().of(pool.starmap(withDefault, [[1], [1, 2]]));
// @ts-expect-error: the arguments are in the wrong order
pool.starmap(join, [[1, 'a']]);
// @ts-expect-error: one argument is missing
pool.starmap(join, [['a']]);
// @ts-expect-error: one argument is too many
pool.starmap(toText, [[1, 2]]);

// weight takes an item; options without a type of items fit every map.
declare const common: MapOptions;
pool.map(toText, [1], common);
pool.map(toText, [1], {
  weight: (item) => {
    expectType<number>().of(item);
    return item;
  },
});
pool.starmap(join, [['a', 1]], { weight: ([text, number]) => text.length * number });
// @ts-expect-error: an item is a number
pool.map(toText, [1], { weight: (item: string) => item.length });
// @ts-expect-error: a weight is a number
pool.map(toText, [1], { weight: () => 'heavy' });

// apply: one call; without parameters the list may be left out.
expectType<Promise<boolean>>().of(pool.apply(join, ['a', 1]));
expectType<Promise<string>>().of(pool.apply(toTextNow, [1]));
expectType<Promise<Date>>().of(pool.apply(nothing));
expectType<Promise<Date>>().of(pool.apply(nothing, []));
expectType<Promise<number>>().of(pool.apply(withDefault, [1]));
// @ts-expect-error: a wrong argument
pool.apply(toText, ['a']);
// @ts-expect-error: a missing argument
pool.apply(join, ['a']);
// @ts-expect-error: the arguments may be left out only if there are none
pool.apply(toText);
// @ts-expect-error: one argument is too many
pool.apply(nothing, [1]);

// broadcast: one result a process.
expectType<Promise<string[]>>().of(pool.broadcast(toText, [1]));
expectType<Promise<Date[]>>().of(pool.broadcast(nothing));
// @ts-expect-error: a wrong argument
pool.broadcast(toText, ['a']);

// warm: functions of any parameters, one at least.
expectType<Promise<void>>().of(pool.warm(toText, join, nothing));
// @ts-expect-error: no function
pool.warm();
// @ts-expect-error: not a function
pool.warm('toText');

export async function poolResult(result: PoolResult<string>): Promise<void> {
  expectType<string[]>().of(await result);
  expectType<number[]>().of(await pool.map(async (value: number) => value, [1]));
  for await (const value of result) expectType<string>().of(value);
  for await (const entry of result.unordered()) {
    expectType<number>().of(entry.index);
    expectType<string>().of(entry.value);
  }
  expectType<PromiseSettledResult<string>[]>().of(await result.settled());
  expectType<void>().of(result.cancel());
  result.cancel(new Error('no longer needed'));
  expectType<[string[], Date]>().of(await Promise.all([result, pool.apply(nothing)]));
}

export async function lifecycle(): Promise<void> {
  const options = { processes: 2, childConcurrency: 4, maxTasksPerChild: 0, queueCount: 1 };
  await using own = new Pool({
    ...options,
    initializer: join,
    initargs: ['a', 1],
    loopInitializer: nothing,
    exceptionHandler: (error) => void error,
    scheduler: new RoundRobin(),
  });
  expectType<Promise<void>>().of(own.ready());
  expectType<void>().of(own.close());
  expectType<void>().of(own.terminate());
  expectType<Promise<void>>().of(own.join());
  // The original's own spellings.
  new Pool({ maxtasksperchild: 1, childconcurrency: 2, queuecount: 1, loop_initializer: nothing });

  expectType<number>().of(await Pool.using(options, async (inner) => (await inner.map(toText, [1])).length));
  // The body may give back a result as it is: a PoolResult is awaitable, though it is no Promise.
  expectType<string[]>().of(await Pool.using(options, (inner) => inner.map(toText, [1])));
  await Pool.using({}, async (inner) => expectType<Pool>().of(inner));

  // @ts-expect-error: an option that does not exist
  new Pool({ proceses: 2 });
  // @ts-expect-error: an option of the wrong type
  new Pool({ processes: '2' });
  // @ts-expect-error: a scheduler is not a name
  new Pool({ scheduler: 'round-robin' });
}

expectType<Scheduler>().of(new RoundRobin() as Scheduler);
// @ts-expect-error: the base class is abstract
new Scheduler();
