import type { Emitter } from '../util/emitter.js';

/** The events of a pool. Durations are milliseconds; points in time are values of `performance.now()`. */

/**
 * One of the processes of a pool.
 *
 * @since 0.2.0
 */
export interface ProcessInfo {
  /** `undefined` if it could not be started. */
  pid: number | undefined;
  /** The index of its seat in the pool, from 0. A replacement takes the seat of its predecessor. */
  place: number;
}

/**
 * A process that has run its initializers.
 *
 * @since 0.2.0
 */
export interface ReadyInfo extends ProcessInfo {
  /** From the start of the process to the start of its initializers. */
  startUpTime: number;
  /** The duration of its initializers. */
  initTime: number;
}

/**
 * Why a process is replaced: the name of the option that requires it; `requested`: a person asked for it in the dashboard.
 *
 * @since 0.2.0
 */
export type RecycleReason = 'maxTasksPerChild' | 'maxMemoryPerChild' | 'maxAge' | 'startTimeout' | 'requested';

/**
 * A process that is replaced while it is still running.
 *
 * @since 0.2.0
 */
export interface RecycleInfo extends ProcessInfo {
  /** The option that requires it. */
  reason: RecycleReason;
}

/**
 * Why a process exited: the pool was closed or terminated; the process was replaced, or idle for `idleTimeout`; a
 * cancelled task did not stop in time; or none of these: the process failed.
 *
 * @since 0.2.0
 */
export type ExitReason = 'closed' | 'terminated' | 'recycled' | 'idle' | 'cancelled' | 'failed';

/**
 * A process that has exited.
 *
 * @since 0.2.0
 */
export interface ExitInfo extends ProcessInfo {
  /** Why it exited. */
  reason: ExitReason;
  /** Its exit code; `null` if a signal ended it, or if it could not be started. */
  exitCode: number | null;
  /** The signal that ended it, or `null`. */
  signal: NodeJS.Signals | null;
  /** The error that ended it, if it could report one. */
  error?: unknown;
}

/**
 * A finalizer that failed.
 *
 * @since 0.2.0
 */
export interface FinalizerErrorInfo extends ProcessInfo {
  /** The error it threw, or a `TimeoutError`. */
  error: unknown;
}

/**
 * One attempt of a task.
 *
 * @since 0.2.0
 */
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

/**
 * A task that was sent to a process, which starts it within a moment.
 *
 * @since 0.2.0
 */
export interface StartedInfo extends TaskInfo, ProcessInfo {
  /** The time since the call, or since the failed attempt before it. */
  waitTime: number;
}

/**
 * A task that has run.
 *
 * @since 0.2.0
 */
export interface EndedInfo extends StartedInfo {
  /** When the function was called. */
  startTime: number;
  /** How long it ran in its process, in milliseconds. */
  runTime: number;
}

/** A task that may have run. If it was never sent, the fields about its run are missing. */
interface MaybeRunInfo extends TaskInfo, Partial<Omit<EndedInfo, keyof TaskInfo>> {}

/**
 * A task that has failed. If it was never sent, the fields about its run are missing.
 *
 * @since 0.2.0
 */
export interface FailedInfo extends MaybeRunInfo {
  /** What the task threw, or an error of this package. */
  error: unknown;
}

/**
 * A task that has failed and will be retried.
 *
 * @since 0.2.0
 */
export interface RetriedInfo extends FailedInfo {
  /** The id of the next attempt. */
  nextId: number;
}

/**
 * A task that its caller has cancelled.
 *
 * @since 0.2.0
 */
export interface CancelledInfo extends MaybeRunInfo {
  /** The reason of the signal, or what was passed to `cancel()`. */
  reason: unknown;
}

/**
 * Which task failed, and where.
 *
 * @since 0.2.0
 */
export interface TaskErrorInfo {
  /** The name of the function. */
  task: string;
  /** The id of the attempt, unique in the pool. */
  id: number;
  /** The process that ran it; `undefined` if it was never sent. */
  pid: number | undefined;
  /** The caller's own objects, not copies. */
  args: readonly unknown[];
  /** 1 for the first attempt. */
  attempt: number;
}

/** Events of processes. */
export interface ProcessEvents {
  /** A process was started; it cannot run tasks yet. */
  processStarted: (info: ProcessInfo) => void;
  /** The initializers have run; the process accepts tasks. */
  processReady: (info: ReadyInfo) => void;
  /** Another process replaces it. It exits when its last tasks have settled. */
  processRecycled: (info: RecycleInfo) => void;
  /** A process has exited, or could not be started. */
  processExited: (info: ExitInfo) => void;
  /** The finalizer of a process has thrown, or has exceeded its time limit. The process exits all the same. */
  finalizerError: (info: FinalizerErrorInfo) => void;
}

/** Events of tasks. A queued task succeeds, fails, is cancelled, or is retried under a new id. */
export interface TaskEvents {
  /** A task was called, or is about to be retried under a new id. */
  taskQueued: (info: TaskInfo) => void;
  /** Emitted again if the process died before the task started, and another process took it. */
  taskStarted: (info: StartedInfo) => void;
  /** An attempt has failed, and another one follows. */
  taskRetried: (info: RetriedInfo) => void;
  /** A task has returned a result. */
  taskSucceeded: (info: EndedInfo) => void;
  /** A task has failed, and its call rejects. */
  taskFailed: (info: FailedInfo) => void;
  /** The caller has cancelled a task, and its call rejects. */
  taskCancelled: (info: CancelledInfo) => void;
}

/**
 * The events of a pool.
 *
 * @since 0.2.0
 */
export interface PoolEvents extends ProcessEvents, TaskEvents {
  /** A task failed; its caller gets the same error. As the only listener it costs less than `taskFailed`. */
  taskError: (error: unknown, info: TaskErrorInfo) => void;
  /** The queue was full (`maxQueueSize`) and is empty now: callers that held back can continue. */
  drain: () => void;
}

/** The emitter of a pool's events; it may have other events too. */
export type PoolEmitter = Pick<Emitter<PoolEvents>, 'emit' | 'listenerCount'>;

export const TASK_EVENTS = [
  'taskQueued',
  'taskStarted',
  'taskRetried',
  'taskSucceeded',
  'taskFailed',
  'taskCancelled',
] as const satisfies (keyof TaskEvents)[];
