import { addressOf } from '../../functions/address/address.js';
import { addressInitializers } from '../../process/initializers.js';
import type { StartOptions } from '../../protocol/start-options.js';
import type { ReadPoolOptions } from '../options/pool-options.js';
import { addressHandler } from '../task/exception-handler.js';

/** What every child of a pool is told before its first task. */
export function createStartOptions(options: ReadPoolOptions): StartOptions {
  const { contextPropagation, finalizer, finalargs, finalizerTimeout } = options;
  const exceptionHandler = addressHandler(options.exceptionHandler);
  return {
    name: options.name,
    parent: process.pid,
    pool: options.id,
    concurrency: options.childConcurrency,
    ...(options.isConcurrencyFixed && { isFixed: true }),
    ...(options.maxMemoryPerChild > 0 && { reportUsage: true }),
    ...(options.killTree && process.platform === 'linux' && { reportSpawned: true }),
    ...(contextPropagation && { runInContext: addressOf(contextPropagation.run, 'contextPropagation.run') }),
    ...addressInitializers(options),
    ...(finalizer && { finalizer: addressOf(finalizer, 'finalizer'), finalizerTimeout }),
    ...(finalargs && { finalargs }),
    ...(exceptionHandler && { exceptionHandler }),
  };
}
