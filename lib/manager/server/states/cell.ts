/** A value that tells whether it was replaced since it was read. */
export interface Cell {
  value: unknown;
  version: number;
}

/** No version is used twice in a process, so one of an entry that was deleted and made again is another. */
let lastVersion = 0;

export function createCell(value: unknown): Cell {
  return { value, version: ++lastVersion };
}

export function replaceValue(cell: Cell, value: unknown): void {
  cell.value = value;
  cell.version = ++lastVersion;
}

/** @throws TypeError if one of the two is no number. */
export function addNumbers(value: unknown, by: unknown): unknown {
  if (typeof value === 'number' && typeof by === 'number') return value + by;
  if (typeof value === 'bigint' && typeof by === 'bigint') return value + by;
  const what = Buffer.isBuffer(value) ? 'an object' : `a ${typeof value}`;
  throw new TypeError(`increment() needs two numbers or two bigints, got ${what} to add a ${typeof by} to`);
}
