import type { EventEmitter } from 'eventemitter3';

/** The events of a pool. Durations are milliseconds; points in time are values of `performance.now()`. */

/** One of the processes of a pool. */
export interface ProcessInfo {
  /** `undefined` if it could not be started. */
  pid: number | undefined;
  /** The index of its seat in the pool, from 0. A replacement takes the seat of its predecessor. */
  place: number;
}

/** A process that has run its initializers. */
export interface ReadyInfo extends ProcessInfo {
  /** From the start of the process to the start of its initializers. */
  startUpTime: number;
  /** The duration of its initializers. */
  initTime: number;
}

/** Why a process is replaced: the name of the option that requires it. */
export type RecycleReason = 'maxTasksPerChild' | 'maxMemoryPerChild' | 'maxAge' | 'startTimeout';

/** A process that is replaced while it is still running. */
export interface RecycleInfo extends ProcessInfo {
  reason: RecycleReason;
}

/**
 * Why a process exited: the pool was closed or terminated; the process was replaced, or idle for `idleTimeout`; a
 * cancelled task did not stop in time; or none of these: the process failed.
 */
export type ExitReason = 'closed' | 'terminated' | 'recycled' | 'idle' | 'cancelled' | 'failed';

/** A process that has exited. */
export interface ExitInfo extends ProcessInfo {
  reason: ExitReason;
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  /** The error that ended it, if it could report one. */
  error?: unknown;
}

/** A finalizer that failed. */
export interface FinalizerErrorInfo extends ProcessInfo {
  /** The error it threw, or a `TimeoutError`. */
  error: unknown;
}

/** One attempt of a task. */
export interface TaskInfo {
  /** Unique in the pool. A retry has a new id. */
  id: number;
  /** The name of the function. */
  task: string;
  /** The caller's own objects, not copies. */
  args: readonly unknown[];
  /** 1 for the first attempt. */
  attempt: number;
}

/** A task that was sent to a process, which starts it within a moment. */
export interface StartedInfo extends TaskInfo, ProcessInfo {
  /** The time since the call, or since the failed attempt before it. */
  waitTime: number;
}

/** A task that has run. */
export interface EndedInfo extends StartedInfo {
  /** When the function was called. */
  startTime: number;
  runTime: number;
}

/** A task that may have run. If it was never sent, the fields about its run are missing. */
interface MaybeRunInfo extends TaskInfo, Partial<Omit<EndedInfo, keyof TaskInfo>> {}

/** A task that has failed. If it was never sent, the fields about its run are missing. */
export interface FailedInfo extends MaybeRunInfo {
  error: unknown;
}

/** A task that has failed and will be retried. */
export interface RetriedInfo extends FailedInfo {
  /** The id of the next attempt. */
  nextId: number;
}

/** A task that its caller has cancelled. */
export interface CancelledInfo extends MaybeRunInfo {
  reason: unknown;
}

/** Which task failed, and where. */
export interface TaskErrorInfo {
  /** The name of the function. */
  task: string;
  id: number;
  /** The process that ran it; `undefined` if it was never sent. */
  pid: number | undefined;
}

/** Events of processes. */
export interface ProcessEvents {
  processStarted: (info: ProcessInfo) => void;
  /** The initializers have run; the process accepts tasks. */
  processReady: (info: ReadyInfo) => void;
  /** Another process replaces it. It exits when its last tasks have settled. */
  processRecycled: (info: RecycleInfo) => void;
  processExited: (info: ExitInfo) => void;
  /** The finalizer of a process has thrown, or has exceeded its time limit. The process exits all the same. */
  finalizerError: (info: FinalizerErrorInfo) => void;
}

/** Events of tasks. A queued task succeeds, fails, is cancelled, or is retried under a new id. */
export interface TaskEvents {
  taskQueued: (info: TaskInfo) => void;
  /** Emitted again if the process died before the task started, and another process took it. */
  taskStarted: (info: StartedInfo) => void;
  taskRetried: (info: RetriedInfo) => void;
  taskSucceeded: (info: EndedInfo) => void;
  taskFailed: (info: FailedInfo) => void;
  taskCancelled: (info: CancelledInfo) => void;
}

/** The events of a pool. */
export interface PoolEvents extends ProcessEvents, TaskEvents {
  /** A task failed; its caller gets the same error. As the only listener it costs less than `taskFailed`. */
  taskError: (error: unknown, info: TaskErrorInfo) => void;
  /** The queue was full (`maxQueueSize`) and is empty now: callers that held back can continue. */
  drain: () => void;
}

/** The emitter of a pool's events; it may have other events too. */
export type PoolEmitter = Pick<EventEmitter<PoolEvents>, 'emit' | 'listenerCount'>;

export const TASK_EVENTS = [
  'taskQueued',
  'taskStarted',
  'taskRetried',
  'taskSucceeded',
  'taskFailed',
  'taskCancelled',
] as const satisfies (keyof TaskEvents)[];
