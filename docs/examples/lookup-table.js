// A large table that is stored once and read by every task, instead of being sent with each.
import { isMainProcess, Pool, share } from 'aiomultiprocess';

const SIZE = 4_000_000;

/** The number of divisors of each number. */
function countDivisors() {
  const counts = new Uint16Array(SIZE);
  for (let divisor = 1; divisor < SIZE; divisor++) {
    for (let multiple = divisor; multiple < SIZE; multiple += divisor) counts[multiple]++;
  }
  return counts;
}

export async function findMost(table, from, to) {
  const counts = table.value;
  let best = from;
  for (let number = from; number < to; number++) if (counts[number] > counts[best]) best = number;
  return [best, counts[best]];
}

if (isMainProcess) {
  const table = share(countDivisors());
  await Pool.using({}, async (pool) => {
    const ranges = Array.from({ length: 8 }, (_, index) => [table, (index * SIZE) / 8, ((index + 1) * SIZE) / 8]);
    for await (const [number, count] of pool.starmap(findMost, ranges)) console.log(`${number} has ${count} divisors`);
  });
  table.dispose();
}
