import type { EventEmitter } from 'eventemitter3';

/** What a pool tells of its processes and tasks. Times are milliseconds; points in time are those of `performance.now()`. */

/** One of the processes of a pool. */
export interface ProcessInfo {
  /** `undefined`: it could not be started. */
  pid: number | undefined;
  /** Which of the pool's processes it is, from 0. One that takes over from another has the same place. */
  place: number;
}

/** A process that has run its initializers. */
export interface ReadyInfo extends ProcessInfo {
  /** From the start of the process to that of its initializers. */
  startUpTime: number;
  /** How long its initializers took. */
  initTime: number;
}

/** Why a process is replaced: the option that asks for it. */
export type RecycleReason = 'maxTasksPerChild' | 'maxMemoryPerChild' | 'maxAge' | 'startTimeout';

/** A process that is replaced while it still runs. */
export interface RecycleInfo extends ProcessInfo {
  reason: RecycleReason;
}

/**
 * Why a process ended: the pool was closed or terminated, another took over from it, it had nothing to do for
 * `idleTimeout`, a task that was given up did not end, or none of that: it failed by itself.
 */
export type ExitReason = 'closed' | 'terminated' | 'recycled' | 'idle' | 'cancelled' | 'failed';

/** A process that has ended. */
export interface ExitInfo extends ProcessInfo {
  reason: ExitReason;
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  /** What it died of, if it got to say so. */
  error?: unknown;
}

/** The finalizer of a process has failed. */
export interface FinalizerErrorInfo extends ProcessInfo {
  /** What it has thrown, or a `TimeoutError`. */
  error: unknown;
}

/** One run of a function. */
export interface TaskInfo {
  /** Unique in the pool. A task that is run again has another. */
  id: number;
  /** The name of the function. */
  task: string;
  /** As they were given, not copied. */
  args: readonly unknown[];
  /** 1 for the first run. */
  attempt: number;
}

/** A task that was sent to a process, which runs it within a moment. */
export interface StartedInfo extends TaskInfo, ProcessInfo {
  /** Since it was asked for, or was to be run again. */
  waitTime: number;
}

/** A task that has run. */
export interface EndedInfo extends StartedInfo {
  /** When it began. */
  startTime: number;
  runTime: number;
}

/** A task that has failed. What only a task has that has run is missing from one that was never sent. */
export interface FailedInfo extends TaskInfo, Partial<Omit<EndedInfo, keyof TaskInfo>> {
  error: unknown;
}

/** A task that has failed and will be run again. */
export interface RetriedInfo extends FailedInfo {
  /** The task that is the next run. */
  nextId: number;
}

/** A task that its caller has given up. */
export interface CancelledInfo extends TaskInfo, Partial<Omit<EndedInfo, keyof TaskInfo>> {
  reason: unknown;
}

/** Which task failed, and where. */
export interface TaskErrorInfo {
  /** The name of the function. */
  task: string;
  id: number;
  /** The process that ran it, if it was sent to one. */
  pid: number | undefined;
}

/** What happens to processes. */
export interface ProcessEvents {
  processStarted: (info: ProcessInfo) => void;
  /** Its initializers have run: it takes tasks. */
  processReady: (info: ReadyInfo) => void;
  /** Another takes over from it; it ends when its last tasks are answered. */
  processRecycled: (info: RecycleInfo) => void;
  processExited: (info: ExitInfo) => void;
  /** The finalizer of a process has thrown, or has not ended in time; the process ends all the same. */
  finalizerError: (info: FinalizerErrorInfo) => void;
}

/** What happens to each task. Each that is queued then succeeds, fails, is cancelled, or is retried as another. */
export interface TaskEvents {
  taskQueued: (info: TaskInfo) => void;
  /** Told again if its process died before it began, and another took it. */
  taskStarted: (info: StartedInfo) => void;
  taskRetried: (info: RetriedInfo) => void;
  taskSucceeded: (info: EndedInfo) => void;
  taskFailed: (info: FailedInfo) => void;
  taskCancelled: (info: CancelledInfo) => void;
}

/** The events of a pool. */
export interface PoolEvents extends ProcessEvents, TaskEvents {
  /** A task failed; its caller gets the same error. Costs less than `taskFailed` if nothing else is listened to. */
  taskError: (error: unknown, info: TaskErrorInfo) => void;
  /** After as many tasks waited as `maxQueueSize` allows, none does any more: go on. */
  drain: () => void;
}

/** Where the events of a pool are told; the pool may have others beside them. */
export type PoolEmitter = Pick<EventEmitter<PoolEvents>, 'emit' | 'listenerCount'>;

export const TASK_EVENTS = [
  'taskQueued',
  'taskStarted',
  'taskRetried',
  'taskSucceeded',
  'taskFailed',
  'taskCancelled',
] as const satisfies (keyof TaskEvents)[];
