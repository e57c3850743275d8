/** The tables that define options agree with the interfaces that document them. */
import type {
  ApplyOptions,
  LockOptions,
  ManagerOptions,
  MapOptions,
  PoolOptions,
  ProcessOptions,
  StreamOptions,
} from 'aiomultiprocess';
import type { DistributedPoolOptions, HostOptions } from 'aiomultiprocess/distributed';
import type { DISTRIBUTED_POOL_OPTIONS, HOST_OPTIONS } from '../../dist/lib/distributed/options.js';
import type { MAP_OPTIONS } from '../../dist/lib/pool/options/call-options.js';
import type { POOL_OPTIONS, ReadPoolOptions } from '../../dist/lib/pool/options/pool-options.js';
import type { PROCESS_OPTIONS, SPAWN_OPTIONS } from '../../dist/lib/process/options.js';
import type { Check, DocumentedTable, OptionTable, WithDefaults } from '../../dist/lib/util/validation.js';
import { expectType } from '../support/expect-type.ts';

type PythonNames<Table> = {
  [Name in keyof Table as Table[Name] extends { python: infer Python extends string } ? Python : never]: Name;
};

type PythonName = keyof PythonNames<typeof POOL_OPTIONS>;

declare function keyOf<Options>(): keyof Options;

// The same options in both.
expectType<keyof PoolOptions>().of(keyOf<typeof POOL_OPTIONS & Record<PythonName, unknown>>());
expectType<keyof ProcessOptions>().of(keyOf<typeof PROCESS_OPTIONS>());
expectType<keyof ManagerOptions>().of(keyOf<typeof SPAWN_OPTIONS>());
expectType<keyof MapOptions>().of(keyOf<typeof MAP_OPTIONS>());
expectType<keyof DistributedPoolOptions>().of(keyOf<typeof DISTRIBUTED_POOL_OPTIONS>());
expectType<keyof HostOptions>().of(keyOf<typeof HOST_OPTIONS>());
expectType<keyof ApplyOptions>().of(keyOf<Omit<MapOptions, 'progress' | 'weight'>>());
expectType<'signal' | 'timeout' | 'priority' | 'sharedMemory'>().of(keyOf<StreamOptions>());

// Of the same types, also under the spellings of Python.
declare function tableOf<Options>(table: DocumentedTable<Options>): void;
declare const poolOptions: typeof POOL_OPTIONS;
tableOf<Omit<PoolOptions, PythonName>>(poolOptions);
declare const respelled: Required<PoolOptions>[PythonName];
expectType<Required<PoolOptions>[PythonNames<typeof POOL_OPTIONS>[PythonName]]>().of(respelled);

// What is read has those with a default.
declare const read: ReadPoolOptions;
expectType<number>().of(read.processes);
expectType<'reject' | 'wait'>().of(read.onFull);
expectType<'inherit' | 'stderr' | 'ignore'>().of(read.stdio);
expectType<string>().of(read.name);
expectType<string | URL | undefined>().of(read.trace);
declare const readLock: WithDefaults<LockOptions, { reentrant: { check: Check<boolean>; default: false } }>;
expectType<boolean>().of(readLock.reentrant);

// A table that differs from its interface does not compile.
interface Example {
  size?: number;
  name: string;
}
declare const number: Check<number>;
declare const string: Check<string>;
const size = { check: number, default: 1 };
const name = { check: string, required: true } as const;
({ size, name }) satisfies OptionTable<Example>;
// @ts-expect-error: an option is missing
({ size }) satisfies OptionTable<Example>;
// @ts-expect-error: the interface has no such option
({ size, name, colour: name }) satisfies OptionTable<Example>;
// @ts-expect-error: a check of another type
({ size: { check: string }, name }) satisfies OptionTable<Example>;
// @ts-expect-error: a default of another type
({ size: { check: number, default: '1' }, name }) satisfies OptionTable<Example>;
// @ts-expect-error: the interface requires it
({ size, name: { check: string } }) satisfies OptionTable<Example>;
// @ts-expect-error: no documentation
({ size, name }) satisfies DocumentedTable<Example>;
