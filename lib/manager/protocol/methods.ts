/**
 * The methods of each type of object, by number. A call names its object and method by one integer, and calls of the
 * same method of the same object travel together.
 */

/** The maximum number of methods of a type, registered classes included. */
export const MAX_METHODS = 1024;

/** The integer that identifies a method of an object. */
export function toMethodId(object: number, method: number): number {
  return object * MAX_METHODS + method;
}

/** The id of calls without an answer. */
export const NO_ANSWER = 0;

/** The server itself is object 0. Only the manager's own process may call it. */
export const SERVER = { create: 0 } as const;

export const QUEUE = {
  put: 0,
  putNowait: 1,
  get: 2,
  getNowait: 3,
  take: 4,
  takeNowait: 5,
  confirm: 6,
  done: 7,
  giveBack: 8,
  size: 9,
  full: 10,
  taskDone: 11,
  join: 12,
  close: 13,
} as const;
export const EVENT = { set: 0, clear: 1, isSet: 2, wait: 3 } as const;
export const LOCK = { acquire: 0, tryAcquire: 1, release: 2, releaseHold: 3, locked: 4 } as const;
export const SEMAPHORE = { acquire: 0, tryAcquire: 1, release: 2, value: 3 } as const;
export const BARRIER = { wait: 0, reset: 1, abort: 2, waiting: 3, broken: 4 } as const;
export const LIST = { push: 0, pop: 1, shift: 2, unshift: 3, get: 4, set: 5, size: 6, slice: 7, splice: 8 } as const;
export const MAP = {
  get: 0,
  set: 1,
  has: 2,
  delete: 3,
  size: 4,
  keys: 5,
  values: 6,
  entries: 7,
  clear: 8,
  read: 9,
  replace: 10,
  increment: 11,
} as const;
export const VALUE = { get: 0, set: 1, read: 2, replace: 3, increment: 4 } as const;

/** The methods of the built-in types. A registered class has its own. */
export const METHODS = {
  queue: QUEUE,
  jobQueue: QUEUE,
  event: EVENT,
  lock: LOCK,
  semaphore: SEMAPHORE,
  barrier: BARRIER,
  list: LIST,
  map: MAP,
  value: VALUE,
} as const;

export type TypeName = keyof typeof METHODS | 'instance';
