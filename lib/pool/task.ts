import type { Address } from '../tasks/address.js';

/** Where the outcome of a task goes: the promise of one call, or the result of a map. */
export interface TaskSink {
  onResult(index: number, value: unknown): void;
  onError(index: number, error: unknown): void;
  onProgress?: ((value: unknown, index: number) => void) | undefined;
  /** Nobody wants the outcome any more; what has not started need not run. */
  readonly cancelled: boolean;
}

/** One call of a function, from the moment it is asked for until it is answered. */
export class Task {
  readonly id: number;
  readonly fn: (...args: never[]) => unknown;
  readonly address: Address;
  readonly args: readonly unknown[];
  readonly sink: TaskSink;
  /** Which of the items of a map it is. */
  readonly index: number;

  constructor(
    id: number,
    fn: (...args: never[]) => unknown,
    address: Address,
    args: readonly unknown[],
    sink: TaskSink,
    index: number,
  ) {
    this.id = id;
    this.fn = fn;
    this.address = address;
    this.args = args;
    this.sink = sink;
    this.index = index;
  }
}
