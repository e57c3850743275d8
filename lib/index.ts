/** The public surface; nothing but re-exports. */
export { type CurrentTask, currentTask, isMainProcess } from './child/current-task.js';
export * from './errors.js';
export { registerError } from './ipc/error-classes.js';
export type { SharedBarrier } from './manager/client/barrier.js';
export type { Delivery } from './manager/client/delivery.js';
export type { SharedEvent } from './manager/client/event.js';
export type { Guard } from './manager/client/guard.js';
export type { Remote } from './manager/client/instance.js';
export type { SharedList } from './manager/client/list.js';
export type { SharedLock } from './manager/client/lock.js';
export type { MapKey, SharedMap } from './manager/client/map.js';
export type { PutOptions, SharedJobQueue, SharedQueue } from './manager/client/queue.js';
export type { SharedSemaphore } from './manager/client/semaphore.js';
export type { WaitOptions } from './manager/client/shared-object.js';
export type { SharedValue } from './manager/client/value.js';
export { Manager } from './manager/manager.js';
export type { LockOptions, ManagerOptions, QueueOptions, SemaphoreOptions } from './manager/options.js';
export type { TaskTrace } from './observe/channels.js';
export type {
  CancelledInfo,
  EndedInfo,
  ExitInfo,
  ExitReason,
  FailedInfo,
  FinalizerErrorInfo,
  PoolEvents,
  ProcessInfo,
  ReadyInfo,
  RecycleInfo,
  RecycleReason,
  RetriedInfo,
  StartedInfo,
  TaskErrorInfo,
  TaskInfo,
} from './observe/events.js';
export type { PoolInsights, ProcessInsights } from './observe/insights.js';
export type { TaskStats, TimeStats } from './observe/measurements.js';
export type { TimeShares } from './observe/process-clock.js';
export type { ProgressOptions } from './observe/progress/options.js';
export type { SlowTask } from './observe/slowest.js';
export type { ContextPropagation, PoolOptions } from './pool/options.js';
export { Pool } from './pool/pool.js';
export { type Outcome, PoolResult } from './pool/pool-result.js';
export { type QueueId, RoundRobin, Scheduler } from './pool/scheduler.js';
export type { PoolStats, ProcessStats } from './pool/stats.js';
export type { ApplyOptions, MapOptions, StreamOptions } from './pool/types.js';
export type { EventLoopTimes } from './pool/usage.js';
export { Process, type ProcessOptions } from './process.js';
export { setStartMethod } from './start-method.js';
export type { TaskFunction } from './tasks/address.js';
export { inline, type Tasks, task, tasksFrom } from './tasks/task.js';
export { Worker } from './worker.js';
