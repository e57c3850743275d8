import article from './article.js';
import buffer64MibIn from './buffer-64mib-in.js';
import buffer64MibOut from './buffer-64mib-out.js';
import buffers1Mib from './buffers-1mib.js';
import cpu from './cpu.js';
import cpuMix from './cpu-mix.js';
import firstResult from './first-result.js';
import idle from './idle.js';
import jsonEcho from './json-echo.js';
import manager from './manager.js';
import payloads from './payloads.js';
import roundTrip from './round-trip.js';
import streamedMap from './streamed-map.js';
import tinyApply from './tiny-apply.js';
import tinyMap from './tiny-map.js';
import waits from './waits.js';

/**
 * One table. Add a workload as one file here and one line below.
 *
 * @typedef {object} Workload
 * @property {string} name for --only
 * @property {string} title what is done `count` times
 * @property {string} about what is timed, for those who read the numbers
 * @property {string} task name of an export of tasks/functions.cjs
 * @property {number} [count]
 * @property {number} [size] bytes of a large value
 * @property {number} [batch] tasks in a batch of the floor, where its own choice is not best
 * @property {number} [concurrency] tasks at a time in each process, for peers that have no limit by default
 * @property {{ least?: number, most?: number }} [samples] how many a cell takes, whatever their time
 * @property {number} [longest] seconds that a sample may take, if more than --longest
 * @property {number} [bound] seconds that a cell may take, if more than --bound
 * @property {import('../contenders/index.js').Contender['kind'][]} [kinds] of the contenders that run it; else all pools
 * @property {number} [core] runs the contender, all of it, on this core alone
 * @property {string[]} floors contenders of kind 'floor' that run it; ratios are to the first
 * @property {Record<string, { label: string, better: 'more' | 'less' }>} metrics
 * @property {(pool: import('../contenders/index.js').OpenPool, count: number, job: object) =>
 *   Promise<Record<string, number>>} [sample] one value for each metric; `raw`, if any, goes to the JSON
 * @property {(open: (options?: object) => Promise<import('../contenders/index.js').OpenPool>, job: object) =>
 *   Promise<{ count?: number, samples: unknown[], values: Record<string, number> }>} [measure] instead of `sample`, for
 *   workloads that do not measure the tasks of a warm pool
 * @property {import('../goals.js').Goal[]} goals
 */

/** In the order of the tables. @type {Workload[]} */
export const workloads = [
  tinyApply,
  ...tinyMap,
  ...roundTrip,
  jsonEcho,
  ...payloads,
  buffers1Mib,
  buffer64MibIn,
  buffer64MibOut,
  ...cpu,
  cpuMix,
  waits,
  article,
  firstResult,
  ...idle,
  streamedMap,
  ...manager,
];
