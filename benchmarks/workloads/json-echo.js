import { timeRate } from '../measure.js';

/** @type {import('./index.js').Workload} */
export default {
  name: 'json-echo',
  title: 'echoes of a nested 2 KB record',
  about: '3,000 nested records of 2 KB, there and back',
  task: 'echo',
  count: 3_000,
  batch: 64,
  floors: ['floor: batches'],
  metrics: { rate: { label: 'tasks/s', better: 'more' } },
  goals: [
    {
      metric: 'rate',
      atLeast: 3,
      times: 'piscina',
      whyMissed:
        'reading a record takes 4 µs and writing it 9 µs, on both sides; three times piscina is more than the floor, ' +
        'which does nothing else, reaches',
    },
  ],

  sample(pool, count) {
    const records = Array.from({ length: count }, (_, i) => createRecord(i));
    return timeRate(
      count,
      () => Promise.all(records.map((record) => pool.call([record]))),
      (results) => JSON.stringify(results[count - 1]) === JSON.stringify(records[count - 1]),
    );
  },
};

/** About 2 KB as JSON: an order as a web service would have it. */
function createRecord(id) {
  return {
    id,
    customer: {
      name: `Customer ${id}`,
      email: `customer-${id}@example.com`,
      active: id % 2 === 0,
      address: {
        street: `${id} Long Street`,
        city: 'Springfield',
        zip: '01101',
        location: { lat: 42.1 + id / 1e6, lon: -72.5 },
      },
      tags: ['retail', 'newsletter', `segment-${id % 10}`],
    },
    items: Array.from({ length: 12 }, (_, line) => ({
      sku: `SKU-${id}-${line}`,
      title: `Article number ${line} of order ${id}`,
      quantity: line + 1,
      price: 9.99 + line,
      options: { colour: 'blue', gift: line % 3 === 0, note: null },
    })),
    totals: { net: 1234.56, tax: 234.57, gross: 1469.13, currency: 'EUR' },
    created: '2025-01-01T12:00:00.000Z',
  };
}
