// What several jobs read.

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRandom } from '../random.js';

/** The packages of the project itself: the same files wherever its lock file is installed. */
const packages = fileURLToPath(new URL('../../node_modules/', import.meta.url));

/**
 * The files of all installed packages whose name matches, in an order that mixes large and small ones, but is the same in
 * every run.
 */
export async function listInstalled(pattern, { smallest = 0, largest = Infinity } = {}) {
  const entries = await readdir(packages, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() && pattern.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
  return shuffle(
    paths.filter((_, index) => sizes[index] >= smallest && sizes[index] <= largest),
    1,
  );
}

/** A part of the items, but not less than four: two for each process. */
export function scaleDown(items, scale) {
  return items.slice(0, scaleCount(items.length, scale));
}

export function scaleCount(count, scale) {
  return Math.min(count, Math.max(4, Math.round(count * scale)));
}

export function repeat(items, times) {
  return Array.from({ length: times }, () => items).flat();
}

function shuffle(items, seed) {
  const random = createRandom(seed);
  const shuffled = [...items];
  for (let last = shuffled.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [shuffled[last], shuffled[other]] = [shuffled[other], shuffled[last]];
  }
  return shuffled;
}
