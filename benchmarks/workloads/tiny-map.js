import { timeRate } from '../measure.js';

const shared = {
  count: 200_000,
  floors: ['floor: batches'],
  metrics: { rate: { label: 'tasks/s', better: 'more' } },
  goals: [
    { metric: 'rate', atLeast: 10, times: 'piscina' },
    { metric: 'rate', atLeast: 0.8, times: 'floor' },
  ],
};

/** @type {import('./index.js').Workload} */
const tinyMap = {
  ...shared,
  name: 'tiny-map',
  title: 'tiny map items',
  about: '200,000 items through `map`, all results at once; one promise for each item if a peer has no `map`',
  task: 'increment',

  sample(pool, count) {
    const items = Array.from({ length: count }, (_, i) => i);
    return timeRate(
      count,
      () => (pool.map ? pool.map(items) : Promise.all(items.map((item) => pool.call([item])))),
      (results) => results.length === count && results[count - 1] === count,
    );
  },
};

/** @type {import('./index.js').Workload} */
const tinyStarmap = {
  ...shared,
  name: 'tiny-starmap',
  title: 'tiny starmap items',
  about: 'the same with two arguments for each item, through `starmap`',
  task: 'add',

  sample(pool, count) {
    const argLists = Array.from({ length: count }, (_, i) => [i, 1]);
    return timeRate(
      count,
      () => (pool.starmap ? pool.starmap(argLists) : Promise.all(argLists.map((args) => pool.call(args)))),
      (results) => results.length === count && results[count - 1] === count,
    );
  },
};

export default [tinyMap, tinyStarmap];
