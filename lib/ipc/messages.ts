import type { Address } from '../tasks/address.js';

/**
 * The whole protocol between a parent and its child, as tagged tuples.
 *
 * A tuple ends with a value of the user's, or none. {@link TASK} and {@link RESULT} end with a list of them: tasks that
 * follow one another in id share a tuple, which is a run. A tuple followed by {@link GRAPH} has one value in graph form
 * (see `graph.ts`). {@link VALUE_INDEX} says where the values stand in each kind, {@link VALUE_PATH} what they are called.
 */

/** Marks a value that had to be flattened to keep what plain msgpack loses. */
export const GRAPH = 1;

/** Parent to child: what to run before anything else, and how to serve. Always the first message. */
export const START = 0;
/**
 * Parent to child: a function, named by a small integer from now on. Of a function whose tasks have a time limit
 * (`isTimed` is 1) the child says when each begins; a function that is called with and without a limit has two numbers.
 */
export const ADDRESS = 1;
/** Parent to child: run function `address` once with each of these lists of arguments. */
export const TASK = 2;
/** Child to parent: it has noticed that the parent has closed its side of the pipe, and ends. */
export const ENDING = 3;
/** Child to parent: initialised, ready to run tasks. */
export const READY = 4;
/** Child to parent: initialising failed; the child exits. */
export const BOOT_FAILURE = 5;
/** Child to parent: the values that tasks returned. */
export const RESULT = 6;
/** Child to parent: what a task threw. */
export const FAILURE = 7;
/** Child to parent: an exception outside of any task ends the child. */
export const FATAL = 8;
/** Child to parent: what a running task reports. */
export const PROGRESS = 9;
/** Parent to child: task `id`, which follows, is run for the `attempt`-th time. */
export const ATTEMPT = 10;
/** Parent to child: nobody wants the result of task `id` any more. */
export const CANCEL = 11;
/** Parent to child: task `id`, which follows, is a stream, and may give so many items. */
export const STREAM = 12;
/** Parent to child: it may give so many more. */
export const CREDIT = 13;
/** Child to parent: an item of a stream. Its end is the {@link RESULT} or {@link FAILURE} of the task. */
export const ITEM = 14;
/** Child to parent: how many bytes of memory it takes, and how long its event loop was busy and waited so far. */
export const USAGE = 15;
/** Parent to child: whether to say how long each task takes, and what the process uses. */
export const MEASURE = 16;
/** Child to parent: when task `id`, whose end follows, began by the clock of the machine, and how long it took. */
export const TIMES = 17;
/** Parent to child: task `id`, which follows, runs with this of its caller's context. */
export const CONTEXT = 18;
/** Child to parent: it has received this signal, for which the program has a listener of its own, which may end it. */
export const SIGNALLED = 19;
/** Parent to child: this process has changed its credentials and may not be able to end the child. */
export const GUARD = 20;
/** Child to parent: it has started a process of this id. */
export const SPAWNED = 21;
/**
 * Child to parent: task `id`, which has a time limit, begins. It is in the pipe before the function is called, so that a
 * busy loop is timed as well.
 */
export const BEGUN = 22;
/** Child to parent: the import of the module of function `id` begins. It is in the pipe before the import starts. */
export const LOADING = 23;
/** Child to parent: that import has ended, whether it has succeeded or not. */
export const LOADED = 24;
/** Child to parent: the finalizer has ended; with `undefined`, or with what it has thrown. */
export const FINALIZED = 25;

/**
 * How many tasks a child may have begun without their result being written, or its concurrency if that is more. The
 * parent counts on it when it decides which tasks of a dead child may have run. Smaller batches cost throughput of
 * tiny tasks; of longer ones a child never has so many.
 */
export const MAX_UNWRITTEN = 256;

/** How a child serves; the value of {@link START}. */
export interface StartOptions {
  /** Names the child in its own messages. */
  name: string;
  /** The process id of the parent: a child that finds another one has lost its parent before it could be told. */
  parent: number;
  /** Runs first, before any module of the user is imported. */
  loopInitializer?: Address;
  /** Runs before the first task. */
  initializer?: Address;
  initargs?: readonly unknown[];
  /** Runs before the process ends in order. */
  finalizer?: Address;
  finalargs?: readonly unknown[];
  /** How long it may take, in milliseconds. */
  finalizerTimeout?: number;
  /** Sees every error a task throws. */
  exceptionHandler?: Address;
  /** Runs a task with what came of its caller's context. */
  runInContext?: Address;
  /** How many tasks run at a time. */
  concurrency: number;
  /** Whether it says what it uses, also while tasks are not measured. */
  reportUsage?: boolean;
  /** The parent keeps another descriptor open, see `child/guard.ts`. */
  guarded?: boolean;
  /** Whether it says which processes it starts. */
  reportSpawned?: boolean;
  /** A single task, after which the child exits; it then takes no {@link TASK}. */
  target?: Address;
  args?: readonly unknown[];
  /** Whether what the target returns or throws is sent; otherwise an error is printed. */
  reportResult?: boolean;
}

/** Tasks with ids from `firstId` on. */
export type TaskRun = [kind: typeof TASK, firstId: number, address: number, argLists: (readonly unknown[])[]];

/** Results of the tasks with ids from `firstId` on. */
export type ResultRun = [kind: typeof RESULT, firstId: number, values: unknown[]];

/** Messages of a child that carry an error. */
export type ErrorMessage =
  | [kind: typeof BOOT_FAILURE, error: unknown]
  | [kind: typeof FAILURE, id: number, error: unknown]
  | [kind: typeof FATAL, error: unknown]
  | [kind: typeof FINALIZED, error: unknown];

export type ToChild =
  | [kind: typeof START, options: StartOptions]
  | [kind: typeof ADDRESS, id: number, isTimed: number, address: Address]
  | TaskRun
  | [kind: typeof ATTEMPT, id: number, attempt: number]
  | [kind: typeof CANCEL, id: number]
  | [kind: typeof STREAM, id: number, items: number]
  | [kind: typeof CREDIT, id: number, items: number]
  | [kind: typeof MEASURE, isWanted: boolean]
  | [kind: typeof CONTEXT, id: number, value: unknown]
  | [kind: typeof GUARD];

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
  | [kind: typeof LOADED, id: number];

export type Message = ToChild | ToParent;

/**
 * Where the value of each kind stands, 0 for none. Between it and the kind there are numbers. A tuple without
 * {@link GRAPH} is as long as this plus one.
 */
export const VALUE_INDEX: readonly number[] = [
  1, 3, 3, 0, 2, 1, 2, 2, 1, 2, 2, 1, 2, 2, 2, 3, 1, 3, 2, 1, 0, 1, 1, 1, 1, 1,
];

/** What the value of each kind is called in messages of errors; of `''` only its parts are. */
export const VALUE_PATH: readonly string[] = [
  '',
  'address',
  'args',
  '',
  '',
  'error',
  'result',
  'error',
  'error',
  'progress',
  '',
  '',
  '',
  '',
  'item',
  '',
  '',
  '',
  'context',
  '',
  '',
  '',
  '',
  '',
  '',
  'error',
];
