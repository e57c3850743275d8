/** The entry point `aiomultiprocess`: re-exports only. */

export type { Dashboard } from './dashboard/dashboard.js';
export type { DashboardOptions } from './dashboard/options.js';
export * from './errors.js';
export type { TaskFunction } from './functions/address/address.js';
export { inline } from './functions/marks/inline.js';
export { task } from './functions/marks/task.js';
export { type Tasks, tasksFrom } from './functions/marks/tasks-from.js';
export { registerError } from './ipc/graph/error-classes.js';
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
export type { TaskTrace } from './observe/diagnostics-channels.js';
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
export type { PoolInsights, ProcessInsights } from './observe/measure/insights.js';
export type { SlowTask } from './observe/measure/slowest-tasks.js';
export type { TaskStats, TimeStats } from './observe/measure/task-stats.js';
export type { TimeShares } from './observe/measure/time-shares.js';
export type { ProgressOptions } from './observe/progress/options.js';
export { type IndexedResult, type Outcome, PoolResult } from './pool/map/pool-result.js';
export type { ApplyOptions, MapOptions, StreamOptions } from './pool/options/call-options.js';
export type { ContextPropagation, PoolOptions } from './pool/options/pool-options.js';
export { Pool } from './pool/pool.js';
export { type QueueId, RoundRobin, Scheduler } from './pool/queue/scheduler.js';
export type { PoolStats, ProcessStats } from './pool/stats.js';
export type { EventLoopTimes } from './pool/worker/usage.js';
export type { CurrentTask } from './process/child-state.js';
export { currentTask, isMainProcess } from './process/current-task.js';
export type { ProcessOptions, SpawnOptions, TargetArguments, TargetOptions } from './process/options.js';
export { Process } from './process/process.js';
export { setStartMethod } from './process/start-method.js';
export { Worker } from './process/worker.js';
export { sharedArray, type TypedArrayClass } from './shared-memory/shared-array.js';
export { type Shared, share } from './shared-memory/shared-value.js';
