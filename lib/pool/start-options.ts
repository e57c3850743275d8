import type { StartOptions } from '../ipc/messages.js';
import { addressInitializers } from '../start-options.js';
import { addressOf } from '../tasks/address.js';
import { addressHandler } from './exception-handler.js';
import type { ReadPoolOptions } from './options.js';

/** What every child of a pool is told before its first task. */
export function createStartOptions(options: ReadPoolOptions): StartOptions {
  const { contextPropagation, finalizer, finalargs, finalizerTimeout } = options;
  const exceptionHandler = addressHandler(options.exceptionHandler);
  return {
    name: options.name,
    parent: process.pid,
    concurrency: options.childConcurrency,
    ...(options.maxMemoryPerChild > 0 && { reportUsage: true }),
    ...(options.killTree && process.platform === 'linux' && { reportSpawned: true }),
    ...(contextPropagation && { runInContext: addressOf(contextPropagation.run, 'contextPropagation.run') }),
    ...addressInitializers(options),
    ...(finalizer && { finalizer: addressOf(finalizer, 'finalizer'), finalizerTimeout }),
    ...(finalargs && { finalargs }),
    ...(exceptionHandler && { exceptionHandler }),
  };
}
