import ours from '../../contenders/ours.js';
import piscina from '../../contenders/piscina.js';
import tinypool from '../../contenders/tinypool.js';
import alone from './alone.js';
import forks from './forks.js';

/** Waiting with Atomics is no disadvantage here: a thread waits only while it has no task. */
const atTheirBest = [...piscina, ...tinypool].filter(({ name }) =>
  ['piscina 1', 'piscina 16', 'tinypool child_process 1'].includes(name),
);

/** In the order of the tables. @type {import('../../contenders/index.js').Contender[]} */
export const contenders = [alone, ours, ...atTheirBest, forks];
