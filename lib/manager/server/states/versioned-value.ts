/** A value with a version, which shows whether the value was replaced after it was read. */
export interface VersionedValue {
  value: unknown;
  version: number;
}

/** Unique in the process: a map entry that was deleted and set again has a different version. */
let lastVersion = 0;

export function createVersioned(value: unknown): VersionedValue {
  return { value, version: ++lastVersion };
}

export function replaceValue(versioned: VersionedValue, value: unknown): void {
  versioned.value = value;
  versioned.version = ++lastVersion;
}

/** @throws TypeError unless both are numbers or both are bigints. */
export function addNumbers(value: unknown, by: unknown): unknown {
  if (typeof value === 'number' && typeof by === 'number') return value + by;
  if (typeof value === 'bigint' && typeof by === 'bigint') return value + by;
  const what = Buffer.isBuffer(value) ? 'an object' : `a ${typeof value}`;
  throw new TypeError(`increment() expects two numbers or two bigints, got ${what} and a ${typeof by}`);
}
