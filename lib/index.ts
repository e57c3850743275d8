/** The public surface; nothing but re-exports. */
export { type CurrentTask, currentTask, isMainProcess } from './child/current-task.js';
export * from './errors.js';
export { registerError } from './ipc/error-classes.js';
export type { PoolOptions } from './pool/options.js';
export { Pool } from './pool/pool.js';
export { type Outcome, PoolResult } from './pool/pool-result.js';
export { type QueueId, RoundRobin, Scheduler } from './pool/scheduler.js';
export type { PoolStats, ProcessStats } from './pool/stats.js';
export type { ApplyOptions, MapOptions, PoolEvents, StreamOptions, TaskErrorInfo } from './pool/types.js';
export { Process, type ProcessOptions } from './process.js';
export { setStartMethod } from './start-method.js';
export type { TaskFunction } from './tasks/address.js';
export { inline, type Tasks, task, tasksFrom } from './tasks/task.js';
export { Worker } from './worker.js';
