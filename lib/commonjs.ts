/**
 * All entry points in one bundle, for tools that cannot require ES modules, such as Jest: the entry points share one
 * copy of every class, as in the bundles of ES modules.
 */
export * as dashboard from './dashboard.js';
export * as distributed from './distributed/index.js';
export * as index from './index.js';
export * as metrics from './metrics.js';
