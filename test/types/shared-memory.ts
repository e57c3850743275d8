import { type Pool, type Shared, share, sharedArray, type TypedArrayClass } from 'aiomultiprocess';
import { expectType } from '../support/expect-type.ts';

declare function lookup(table: Shared<Map<string, number>>, key: string): Promise<number | undefined>;
declare function fill(array: Float64Array, value: number): void;

export async function types(pool: Pool): Promise<void> {
  using table = share(new Map([['a', 1]]));
  expectType<Shared<Map<string, number>>>().of(table);
  expectType<Map<string, number>>().of(table.value);
  expectType<(number | undefined)[]>().of(await pool.starmap(lookup, [[table, 'a']]));
  // @ts-expect-error: another type of value
  await pool.apply(lookup, [share(new Set(['a'])), 'a']);
  // @ts-expect-error: the value is what it was
  table.value = new Map();
  expectType<void>().of(table.dispose());

  expectType<Float64Array<ArrayBuffer>>().of(sharedArray(Float64Array, 10));
  expectType<BigInt64Array<ArrayBuffer>>().of(sharedArray(BigInt64Array, 10));
  await pool.apply(fill, [sharedArray(Float64Array, 10), 1]);
  // @ts-expect-error: another type of array
  await pool.apply(fill, [sharedArray(Int32Array, 10), 1]);
  // @ts-expect-error: not a typed array
  sharedArray(DataView, 10);
  // @ts-expect-error: not a length
  sharedArray(Int32Array, '10');
  const type: TypedArrayClass<Uint8Array<ArrayBuffer>> = Uint8Array;
  expectType<Uint8Array<ArrayBuffer>>().of(sharedArray(type, 1));
}
