import type { Address } from '../functions/address/address.js';
import type { StartOptions } from './start-options.js';

/**
 * The whole protocol between a parent and its child, as tagged tuples.
 *
 * A tuple ends with a value, or has none. {@link TASK} and {@link RESULT} end with a list of values: tasks with
 * consecutive ids share a tuple, which is a run. If {@link GRAPH} follows the value, the value has graph form (see
 * `graph.ts`). {@link VALUE_INDEX} is the position of the value in each kind, {@link VALUE_PATH} its name in errors.
 */

/** Marks a value that was flattened because plain msgpack would change it. */
export const GRAPH = 1;

/** Parent to child: the {@link StartOptions}. Always the first message. */
export const START = 0;
/**
 * Parent to child: the address of a function, whose tasks refer to it by a small integer. If its tasks have a time
 * limit ({@link TIMED}), the child reports the start of each; the parent may keep views of their results
 * ({@link AS_VIEWS}). A function that is called in several of these ways has a number for each.
 */
export const ADDRESS = 1;
/** The ways to call a function, as bits. */
export const TIMED = 1;
export const AS_VIEWS = 2;
/** Parent to child: run function `address` once with each of these lists of arguments. */
export const TASK = 2;
/** Child to parent: it has noticed that the parent closed its side of the pipe, and ends. */
export const ENDING = 3;
/** Child to parent: it is initialised and can run tasks. */
export const READY = 4;
/** Child to parent: the initialisation failed; the child exits. */
export const BOOT_FAILURE = 5;
/** Child to parent: the return values of tasks. */
export const RESULT = 6;
/** Child to parent: the error that a task threw. */
export const FAILURE = 7;
/** Child to parent: an exception outside of any task ends the child. */
export const FATAL = 8;
/** Child to parent: progress that a running task reports. */
export const PROGRESS = 9;
/** Parent to child: the number of the attempt of task `id`, which follows. */
export const ATTEMPT = 10;
/** Parent to child: the result of task `id` is no longer needed. */
export const CANCEL = 11;
/** Parent to child: task `id`, which follows, is a stream and may send this number of items. */
export const STREAM = 12;
/** Parent to child: the stream may send this number of further items. */
export const CREDIT = 13;
/** Child to parent: an item of a stream. Its end is the {@link RESULT} or {@link FAILURE} of the task. */
export const ITEM = 14;
/** Child to parent: its memory in bytes, and how long its event loop has been active and idle so far. */
export const USAGE = 15;
/**
 * Parent to child: report the usage of the process, and the times of the tasks whose ids have none of the bits of this mask.
 * A negative one ends it.
 */
export const MEASURE = 16;
/** Child to parent: the start of task `id`, whose result follows, by the clock of the machine, and its duration. */
export const TIMES = 17;
/** Parent to child: the captured context of the caller, in which task `id`, which follows, runs. */
export const CONTEXT = 18;
/** Child to parent: it received this signal, for which the program has a listener, which may end the process. */
export const SIGNALLED = 19;
/** Parent to child: the parent changed its credentials and may be unable to end the child. */
export const GUARD = 20;
/** Child to parent: it started a process with this id. */
export const SPAWNED = 21;
/**
 * Child to parent: task `id`, which has a time limit, starts. It is written before the function is called, so that the
 * limit also covers a busy loop.
 */
export const BEGUN = 22;
/** Child to parent: the import of the module of function `id` starts. It is written before the import. */
export const LOADING = 23;
/** Child to parent: that import ended, with or without success. */
export const LOADED = 24;
/** Child to parent: the finalizer ended; with `undefined`, or with the error that it threw. */
export const FINALIZED = 25;

/** Parent to child: where the memory lies through which large values may travel from now on. */
export const MEMORY = 26;
/** Child to parent: whether it could open that memory, as 1 or 0. */
export const MAPPED = 27;

/** Parent to child: import the module of function `id` now, before a task needs it. */
export const WARM = 28;
/** Child to parent: it has; with `undefined`, or with the error of the import. */
export const WARMED = 29;

/**
 * Child to parent: how many tasks of function `id` it works on at a time, and 1 if they compute for so long that it matters
 * which process gets the last ones.
 */
export const LIMIT = 30;
/** Parent to child: return up to this number of the last tasks, if they have not begun. */
export const RECALL = 31;
/** Child to parent: these tasks will not begin. */
export const RETURNED = 32;

/** Parent to child: the keys of the tasks that follow are `${pool}-${id + offset}`. Until then the pool is that of the start. */
export const KEYS = 33;

/**
 * The number of tasks that a child may have started without having written their results, or its concurrency if that is
 * more. The parent relies on it to decide which tasks of a dead child may have started. Smaller batches reduce the
 * throughput of tiny tasks; for longer tasks the limit is never reached.
 */
export const MAX_UNWRITTEN = 256;

/** Tasks with ids from `firstId` on. */
export type TaskRun = [kind: typeof TASK, firstId: number, address: number, argLists: (readonly unknown[])[]];

/** Results of the tasks with ids from `firstId` on. */
export type ResultRun = [kind: typeof RESULT, firstId: number, values: unknown[]];

/** Messages of a child with an error. */
export type ErrorMessage =
  | [kind: typeof BOOT_FAILURE, error: unknown]
  | [kind: typeof FAILURE, id: number, error: unknown]
  | [kind: typeof FATAL, error: unknown]
  | [kind: typeof FINALIZED, error: unknown]
  | [kind: typeof WARMED, id: number, error: unknown];

/** Memory through which large values may travel: the addresses of its regions, and how it is used. */
export interface MemoryOffer {
  toChild: string;
  toParent: string;
  limit: number;
  threshold: number;
}

export type ToChild =
  | [kind: typeof START, options: StartOptions]
  | [kind: typeof ADDRESS, id: number, ways: number, address: Address]
  | TaskRun
  | [kind: typeof ATTEMPT, id: number, attempt: number]
  | [kind: typeof CANCEL, id: number]
  | [kind: typeof STREAM, id: number, items: number]
  | [kind: typeof CREDIT, id: number, items: number]
  | [kind: typeof MEASURE, mask: number]
  | [kind: typeof CONTEXT, id: number, value: unknown]
  | [kind: typeof GUARD]
  | [kind: typeof RECALL, tasks: number]
  | [kind: typeof WARM, id: number]
  | [kind: typeof KEYS, offset: number, pool: string]
  | [kind: typeof MEMORY, offer: MemoryOffer];

export type ToParent =
  | [kind: typeof ENDING]
  | [kind: typeof SIGNALLED, signal: number]
  | [kind: typeof SPAWNED, pid: number]
  | [kind: typeof READY, initTime: number, handlerFound: boolean]
  | ResultRun
  | ErrorMessage
  | [kind: typeof PROGRESS, id: number, value: unknown]
  | [kind: typeof ITEM, id: number, value: unknown]
  | [kind: typeof USAGE, memory: number, active: number, idle: number]
  | [kind: typeof TIMES, id: number, start: number, runTime: number]
  | [kind: typeof BEGUN, id: number]
  | [kind: typeof LOADING, id: number]
  | [kind: typeof LOADED, id: number]
  | [kind: typeof MAPPED, isOpen: number]
  | [kind: typeof LIMIT, id: number, limit: number, isLong: number]
  | [kind: typeof RETURNED, ids: readonly number[]];

export type Message = ToChild | ToParent;

/**
 * The index of the value in a tuple of each kind, 0 for none, and its name in error messages. The kind and numbers come
 * before it; without {@link GRAPH} the tuple ends with it. Of a value without a name only the parts have names.
 */
const VALUES: readonly (readonly [kind: number, index: number, path: string])[] = [
  [START, 1, ''],
  [ADDRESS, 3, 'address'],
  [TASK, 3, 'args'],
  [ENDING, 0, ''],
  [READY, 2, ''],
  [BOOT_FAILURE, 1, 'error'],
  [RESULT, 2, 'result'],
  [FAILURE, 2, 'error'],
  [FATAL, 1, 'error'],
  [PROGRESS, 2, 'progress'],
  [ATTEMPT, 2, ''],
  [CANCEL, 1, ''],
  [STREAM, 2, ''],
  [CREDIT, 2, ''],
  [ITEM, 2, 'item'],
  [USAGE, 3, ''],
  [MEASURE, 1, ''],
  [TIMES, 3, ''],
  [CONTEXT, 2, 'context'],
  [SIGNALLED, 1, ''],
  [GUARD, 0, ''],
  [SPAWNED, 1, ''],
  [BEGUN, 1, ''],
  [LOADING, 1, ''],
  [LOADED, 1, ''],
  [FINALIZED, 1, 'error'],
  [MEMORY, 1, ''],
  [MAPPED, 1, ''],
  [WARM, 1, ''],
  [WARMED, 2, 'error'],
  [LIMIT, 3, ''],
  [RECALL, 1, ''],
  [RETURNED, 1, ''],
  [KEYS, 2, ''],
];

/** The second column of the table, by kind. */
export const VALUE_INDEX: readonly number[] = listByKind(([, index]) => index);

/** The third column of the table, by kind. */
export const VALUE_PATH: readonly string[] = listByKind(([, , path]) => path);

function listByKind<T>(read: (row: (typeof VALUES)[number]) => T): T[] {
  return VALUES.toSorted(([a], [b]) => a - b).map(read);
}
