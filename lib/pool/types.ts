/** What the calls of a pool take and tell. */

/** The options of one call. */
export interface ApplyOptions {
  /** Takes what the task gives to `currentTask().report()`. */
  onProgress?: (progress: unknown) => void;
}

/** The options of one map. */
export interface MapOptions {
  /** Takes what a task gives to `currentTask().report()`, and the index of its item. */
  onProgress?: (progress: unknown, index: number) => void;
}

/** Which task failed, and where. */
export interface TaskErrorInfo {
  /** The name of the function. */
  task: string;
  id: number;
  /** The process that ran it, if it was sent to one. */
  pid: number | undefined;
}

/** The events of a pool. */
export interface PoolEvents {
  /** A task failed; its caller gets the same error. */
  taskError: (error: unknown, info: TaskErrorInfo) => void;
}

/** The arguments of a call may be left out if there are none. */
export type Arguments<A extends unknown[]> = [] extends A
  ? [args?: Readonly<A>, options?: ApplyOptions]
  : [args: Readonly<A>, options?: ApplyOptions];
