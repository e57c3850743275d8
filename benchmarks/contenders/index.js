import floorBatches from './floor-batches.js';
import floorFork from './floor-fork.js';
import floorLoop from './floor-loop.js';
import floorPipe from './floor-pipe.js';
import jestWorker from './jest-worker.js';
import ours from './ours.js';
import piscina from './piscina.js';
import poolifier from './poolifier.js';
import python from './python.js';
import pythonManager from './python-manager.js';
import redis from './redis.js';
import tinypool from './tinypool.js';
import workerpool from './workerpool.js';

/**
 * A pool that is ready. The programs of the floor answer only the calls of the workloads that name them.
 *
 * @typedef {object} OpenPool
 * @property {(args: unknown[]) => Promise<unknown>} call one task
 * @property {(items: Iterable<unknown>) => PromiseLike<unknown[]>} [map] without it, a call for every item
 * @property {(argLists: Iterable<unknown[]>) => PromiseLike<unknown[]>} [starmap] the same with all its arguments
 * @property {(args: unknown[], count: number) => Promise<void>} [repeat] the same task, as a plain loop
 * @property {(locks: number) => Promise<{ queue: unknown, locks: unknown }>} [share] what all processes can use
 * @property {() => Promise<unknown>} close
 */

/**
 * @typedef {object} OpenOptions
 * @property {number} processes
 * @property {string} task name of an export of tasks/functions.cjs, or of `module`
 * @property {string} [module] URL of another module, whose tasks take one argument
 * @property {number} [size] bytes of a large value, where the workload has one
 * @property {number} [batch] how many tasks of this workload the floor sends at once, where 512 are not best
 * @property {number} [concurrency] tasks at a time in each process, for one that has no limit by default
 * @property {boolean} [ready] false: give the pool as soon as it takes calls, before its processes are there
 */

/**
 * One row of the tables. `open` loads the packages, so that the modules of one contender do not affect another.
 *
 * @typedef {object} Contender
 * @property {string} name
 * @property {'ours' | 'threads' | 'processes' | 'other' | 'manager' | 'floor' | 'alone'} kind `manager`: no pool,
 *   but what processes share; `alone`: this process, without a pool
 * @property {string} [package] whose version is printed
 * @property {() => Promise<unknown>} [load] what `open` will import, where that is not the package
 * @property {() => Promise<string | undefined>} [whyUnavailable]
 * @property {(options: OpenOptions) => Promise<OpenPool>} [open]
 * @property {(job: object) => Promise<object>} [measure] instead of `open`, for one that is not JavaScript
 */

/** In the order of the tables. @type {Contender[]} */
export const contenders = [
  ours,
  ...piscina,
  ...tinypool,
  workerpool,
  poolifier,
  jestWorker,
  python,
  pythonManager,
  redis,
  floorBatches,
  floorPipe,
  floorLoop,
  floorFork,
];
