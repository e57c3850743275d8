import { Capacity } from '../../../dist/lib/distributed/host/capacity.js';
import { TaskTimes } from '../../../dist/lib/distributed/host/task-times.js';

const SLOTS = 16;

/** A host that has run chunks of these sizes and is idle. */
function createIdle(...chunks: number[]): { capacity: Capacity; times: TaskTimes } {
  const times = new TaskTimes(SLOTS);
  const capacity = new Capacity(SLOTS, times);
  for (const size of chunks) {
    capacity.begin(size);
    const begun = times.begin(size);
    for (let count = 0; count < size; count++) capacity.end(times.end(begun));
  }
  return { capacity, times };
}

test('a host that was idle fetches one chunk at a time if any of the last ones filled it', () => {
  const { capacity, times } = createIdle(1000, 1);
  expect(capacity.hasRoom(0, 10)).toBe(true);
  expect(capacity.hasRoom(1, 10)).toBe(false);
  // Its tasks turn out to be few and short.
  capacity.begin(2);
  const begun = times.begin(2);
  capacity.end(times.end(begun));
  expect(capacity.hasRoom(1, 10)).toBe(true);
});

test('a host whose chunks are small fetches several at once', () => {
  const { capacity } = createIdle(1, 1, 1);
  expect(capacity.hasRoom(SLOTS - 1, 10)).toBe(true);
});
