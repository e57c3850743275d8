/** What functions give back that do not always give the same, and what functions of a program hand on. */
import type { Pool, PoolResult } from 'aiomultiprocess';
import { expectType } from '../support/expect-type.ts';

declare const pool: Pool;
declare function mixed(x: string | number): string | Promise<number>;
// biome-ignore lint/suspicious/noConfusingVoidType: many functions are of this type without saying so.
type Perhaps<T> = void | T;
declare function perhaps(): Perhaps<Promise<string>>;
declare function either(x: number): Promise<string> | Promise<number>;
declare function unlike(x?: number): { a: 1 } | Promise<{ b: 2 }>;
declare function never(): never;
declare function unknowable(): unknown;

// apply, map, starmap and broadcast: the values of all that the function may give back.
expectType<Promise<string | number>>().of(pool.apply(mixed, ['a']));
expectType<Promise<Perhaps<string>>>().of(pool.apply(perhaps));
expectType<Promise<string | number>>().of(pool.apply(either, [1]));
expectType<Promise<{ a: 1 } | { b: 2 }>>().of(pool.apply(unlike));
expectType<Promise<never>>().of(pool.apply(never));
expectType<Promise<unknown>>().of(pool.apply(unknowable));
expectType<PoolResult<string | number>>().of(pool.map(mixed, [1, 'a']));
expectType<PoolResult<{ a: 1 } | { b: 2 }>>().of(pool.map(unlike, [1]));
expectType<PoolResult<number | 'a'>>().of(pool.map((x) => (x > 1 ? 'a' : Promise.resolve(x)), [1, 2]));
expectType<PoolResult<string | number>>().of(pool.starmap(either, [[1]]));
expectType<PoolResult<{ a: 1 } | { b: 2 }>>().of(pool.starmap(unlike, [[], [1]]));
expectType<Promise<(string | number)[]>>().of(pool.broadcast(mixed, [1] as const));
// @ts-expect-error: a wrong argument
pool.apply(mixed, [true]);
// @ts-expect-error: the arguments may be left out only if there are none
pool.apply(either);
// @ts-expect-error: the items are not what the function takes
pool.map(either, ['a']);
// @ts-expect-error: one argument is too many
pool.starmap(either, [[1, 2]]);
// @ts-expect-error: a wrong argument
pool.broadcast(either, ['a']);

// stream: the items of all that it may give back.
declare function rows(x: number): AsyncGenerator<string> | Generator<number>;
declare function lists(): string[] | Set<number>;
declare function readAll<T>(items: T[]): AsyncGenerator<T, void, undefined>;
expectType<AsyncGenerator<string | number, void, undefined>>().of(pool.stream(rows, [1]));
expectType<AsyncGenerator<string | number, void, undefined>>().of(pool.stream(lists));
expectType<AsyncGenerator<number, void, undefined>>().of(pool.stream(readAll, [[1]]));
// @ts-expect-error: what it gives back has no items
pool.stream(mixed, ['a']);
// @ts-expect-error: a wrong argument
pool.stream(rows, ['a']);

// Functions of a program that hand theirs on keep their type parameters.
export function callAsync<T>(fn: (x: number) => Promise<T>): Promise<T> {
  return pool.apply(fn, [1]);
}
export function callEither<T>(fn: (x: number) => T | Promise<T>): Promise<T> {
  return pool.apply(fn, [1]);
}
export function callNow<T>(fn: () => T): Promise<T> {
  return pool.apply(fn);
}
export function mapAll<A, B>(fn: (item: A) => B | PromiseLike<B>, items: A[]): PoolResult<B> {
  return pool.map(fn, items);
}
export async function mapRest<A extends unknown[], B>(fn: (...args: A) => Promise<B>, lists: A[]): Promise<B[]> {
  return pool.starmap(fn, lists);
}
export function readRows<T>(fn: () => AsyncIterable<T> | Iterable<T>): AsyncGenerator<T, void, undefined> {
  return pool.stream(fn);
}

// Overloads, rest parameters and type parameters, as before.
declare function overloaded(x: number): number;
declare function overloaded(x: string): Promise<string>;
declare function sum(...values: number[]): Promise<number>;
declare function pair<T, U>(left: T, right: U): Promise<[T, U]>;
expectType<Promise<string>>().of(pool.apply(overloaded, ['a']));
expectType<Promise<number>>().of(pool.apply(sum));
expectType<Promise<number>>().of(pool.apply(sum, [1, 2, 3] as const));
expectType<Promise<[number, string]>>().of(pool.apply(pair<number, string>, [1, 'a']));
expectType<PoolResult<[number, string]>>().of(pool.starmap(pair<number, string>, [[1, 'a']]));
