/**
 * The entry points in one, for tools that cannot require ES modules, as Jest: they share one copy of every class, as
 * the bundles of ES modules do.
 */
export * as distributed from './distributed/index.js';
export * as index from './index.js';
export * as metrics from './metrics.js';
