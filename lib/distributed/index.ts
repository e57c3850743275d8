/** The public surface of `aiomultiprocess/distributed`; nothing but re-exports. */
export { DistributedPool } from './distributed-pool.js';
export { Host } from './host.js';
export type { DistributedPoolOptions, HostOptions } from './options.js';
export type { DistributedPoolEvents, DistributedPoolStats, HostEvents, HostStats } from './types.js';
