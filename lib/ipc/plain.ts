import { isDeepStrictEqual, types } from 'node:util';
import { MIN_ATTACHMENT } from './attachments.js';

/**
 * Tells plain trees from everything else.
 *
 * msgpack carries a plain tree as it is: numbers, strings, booleans, null, undefined, 64-bit integers, valid dates,
 * small Buffers, arrays without holes, maps, sets and plain objects, none of them twice. Whatever it would lose or change
 * silently (`-0`, holes, shared references, cycles, class instances, lone surrogates, functions, …) is not plain and takes
 * the way through `graph.ts`. This runs for every value of every task, so it looks at each part once and allocates nothing
 * for small trees.
 */

/** Deeper trees are flattened, so that neither side's recursion is at the mercy of a value. */
const MAX_DEPTH = 100;
/** Objects with more keys are used as dictionaries: a msgpack record for each set of keys would be waste. */
const MAX_KEYS = 64;
/** Up to here listing the keys of an array is cheaper than the probe below. */
const SHORT_ARRAY = 24;

const NOT_PLAIN = -1;
const objectPrototype = Object.prototype;

/** A getter may run anything, also what measures another value: that one is flattened instead. */
let busy = false;

/**
 * The approximate size of a plain tree in bytes, or a negative number for a value that is not one.
 */
export function measurePlain(value: unknown): number {
  if (typeof value !== 'object' || value === null) return measure(value, 0);
  if (busy) return NOT_PLAIN;
  busy = true;
  try {
    return measureObject(value, 0);
  } catch {
    // What cannot be read is named by the way through `graph.ts`.
    return NOT_PLAIN;
  } finally {
    busy = false;
    forgetSeen();
  }
}

/**
 * The same for the arguments of a task: only the elements count, as a call would take them.
 */
export function measureArguments(args: readonly unknown[]): number {
  if (busy) return NOT_PLAIN;
  busy = true;
  try {
    return measureItems(args, 0);
  } catch {
    return NOT_PLAIN;
  } finally {
    busy = false;
    forgetSeen();
  }
}

function measure(value: unknown, depth: number): number {
  switch (typeof value) {
    case 'string':
      return measureString(value);
    case 'number':
      return value === 0 && Object.is(value, -0) ? NOT_PLAIN : 5;
    case 'object':
      return value === null ? 1 : measureObject(value, depth);
    case 'boolean':
    case 'undefined':
      return 3;
    case 'bigint':
      return BigInt.asIntN(64, value) === value ? 9 : NOT_PLAIN;
    default:
      return NOT_PLAIN;
  }
}

/** A lone surrogate has no UTF-8 form, and text decoders take a leading byte order mark away. */
function measureString(value: string): number {
  return value.isWellFormed() && value.charCodeAt(0) !== 0xfeff ? value.length + 2 : NOT_PLAIN;
}

function measureObject(value: object, depth: number): number {
  if (depth > MAX_DEPTH || isSeen(value) || types.isProxy(value)) return NOT_PLAIN;
  if (Array.isArray(value)) return hasNamedProperties(value) ? NOT_PLAIN : measureItems(value, depth);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === objectPrototype) return measureRecord(value as Record<string, unknown>, depth);
  if (prototype === null) {
    return types.isModuleNamespaceObject(value) ? NOT_PLAIN : measureRecord(value as Record<string, unknown>, depth);
  }
  // The encoder goes by the constructor, which an instance may hide.
  switch (value.constructor) {
    case Date:
      return prototype === Date.prototype && !Number.isNaN((value as Date).getTime()) ? 13 : NOT_PLAIN;
    case Buffer:
      return measureBuffer(value);
    case Map:
      return prototype === Map.prototype ? measureMap(value as Map<unknown, unknown>, depth) : NOT_PLAIN;
    case Set:
      return prototype === Set.prototype ? measureItems([...(value as Set<unknown>)], depth) : NOT_PLAIN;
    default:
      return NOT_PLAIN;
  }
}

function measureRecord(record: Record<string, unknown>, depth: number): number {
  let size = 3;
  let keys = 0;
  for (const key in record) {
    if (++keys > MAX_KEYS || isUnfit(key)) return NOT_PLAIN;
    const part = measure(record[key], depth + 1);
    if (part < 0) return NOT_PLAIN;
    size += part;
  }
  return keys === 0 && (types.isArgumentsObject(record) || types.isExternal(record)) ? NOT_PLAIN : size;
}

/**
 * '0' may belong to an `arguments` object; '__proto__' would be taken for the prototype; msgpackr keeps its own notes
 * under '__keys__' where it looks for the keys of a record.
 */
function isUnfit(key: string): boolean {
  return key === '0' || key === '__proto__' || key === '__keys__' || measureString(key) < 0;
}

function measureItems(items: readonly unknown[], depth: number): number {
  let size = 3;
  for (let index = 0; index < items.length; index++) {
    const item = items[index];
    // Long arrays mostly hold numbers, which would be boxed for a call.
    if (typeof item === 'number' && item !== 0) {
      size += 5;
      continue;
    }
    if (item === undefined && !(index in items)) return NOT_PLAIN;
    const part = measure(item, depth + 1);
    if (part < 0) return NOT_PLAIN;
    size += part;
  }
  return size;
}

function measureMap(map: ReadonlyMap<unknown, unknown>, depth: number): number {
  let size = 3;
  for (const [key, value] of map) {
    const keySize = measure(key, depth + 1);
    const valueSize = measure(value, depth + 1);
    if (keySize < 0 || valueSize < 0) return NOT_PLAIN;
    size += keySize + valueSize;
  }
  return size;
}

/** Bytes that the frame carries are read as a Buffer with memory of its own. None may mean: transferred away. */
function measureBuffer(value: object): number {
  if (!Buffer.isBuffer(value) || !types.isUint8Array(value)) return NOT_PLAIN;
  const { byteLength } = value;
  return byteLength > 0 && byteLength < MIN_ATTACHMENT && types.isArrayBuffer(value.buffer)
    ? byteLength + 3
    : NOT_PLAIN;
}

let probed = false;
const unequal = Symbol('unequal to every element');
const probe: unknown[] = [];
Object.defineProperty(probe, 0, {
  configurable: true,
  enumerable: true,
  get() {
    probed = true;
    return unequal;
  },
});

/**
 * Whether an array has properties beside its elements, as the result of a regular expression has.
 *
 * Listing the keys of a long array makes a string for every index. `isDeepStrictEqual` looks at the named properties
 * of both sides first, without listing the indices, and at the elements only if they agree: if it reads the first
 * element of a probe that has no named property, the array has none either. Should it ever compare in another order,
 * the answer is `true` too often, which costs time and never a property.
 */
function hasNamedProperties(array: readonly unknown[]): boolean {
  if (array.length === 0) {
    for (const _ in array) return true;
    return false;
  }
  if (array.length <= SHORT_ARRAY) return Object.keys(array).length !== array.length;
  probed = false;
  probe.length = array.length;
  isDeepStrictEqual(array, probe);
  probe.length = 1;
  return !probed;
}

/** Objects met in the present value: a few in an array, which is faster to search than a set, the rest in a set. */
const few: (object | undefined)[] = new Array(16).fill(undefined);
let count = 0;
let many: Set<object> | undefined;

function isSeen(value: object): boolean {
  if (many !== undefined) {
    const size = many.size;
    return many.add(value).size === size;
  }
  for (let index = 0; index < count; index++) if (few[index] === value) return true;
  if (count < few.length) few[count++] = value;
  else many = new Set(few as object[]).add(value);
  return false;
}

function forgetSeen(): void {
  for (let index = 0; index < count; index++) few[index] = undefined;
  count = 0;
  many = undefined;
}
