/** The public surface of `aiomultiprocess/distributed`; nothing but re-exports. */
export type { BroadcastOptions } from '../pool/options/call-options.js';
export { DistributedPool } from './distributed-pool.js';
export type { DistributedPoolEvents, HostEvents } from './events.js';
export { Host } from './host/host.js';
export type { DistributedPoolOptions, HostOptions } from './options.js';
export { type HostStatus, type QueueStatus, readQueueStatus } from './queue-status.js';
export type { DatastoreState, DistributedPoolStats, HostStats } from './stats.js';
