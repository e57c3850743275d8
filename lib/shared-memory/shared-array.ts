import { closeSync, ftruncateSync } from 'node:fs';
import { MissingPackageError, ProtocolError, SharedMemoryError } from '../errors.js';
import { nameOfView } from '../ipc/classify.js';
import { VIEW_TYPES } from '../ipc/graph/graph.js';
import { type HandleParts, registerHandle, registerMemory } from '../ipc/graph/handles.js';
import { clearInterval, performance, setInterval } from '../util/clock.js';
import { openGlobalState } from '../util/global-state.js';
import { isNotInstalled } from '../util/optional-package.js';
import { type Libc, loadLibc } from './libc.js';
import {
  addressOfRegion,
  createRegion,
  fixSize,
  formatAddress,
  isFixedSize,
  openRegion,
  parseAddress,
  type Region,
  type RegionAddress,
} from './region.js';

/**
 * The kind of the handles of shared arrays and of all other views of their memory. Their parts are an address, the name
 * of the type, the offset in bytes, and the length.
 */
const SHARED_ARRAY = 'shared array';

/** Where the counter begins, behind the elements. */
const PAGE = 4096;
const MAX_SIZE = 2 ** 32;

/** How often to look whether an array that was sent has arrived, in milliseconds. */
const CHECK_INTERVAL = 1000;
/** How long an array that was sent is kept for a receiver that does not open it, in milliseconds. */
const MAX_HELD = 60_000;

/**
 * The class of a typed array, such as `Float64Array`.
 *
 * @since 0.2.0
 */
export interface TypedArrayClass<T> {
  /** The size of an element in bytes. */
  readonly BYTES_PER_ELEMENT: number;
  /** Creates a view of a buffer. */
  new (buffer: ArrayBuffer, byteOffset?: number, length?: number): T;
}

/**
 * Creates a typed array on memory that all processes read and write.
 *
 * It is an array like any other. When it is sent to a task, with it one of its subarrays or other views, the receiver
 * gets one over the same memory, and each sees what the others write. `Atomics.add()` and the other operations of
 * `Atomics` on integers are atomic between processes; other writes may overtake each other. `Atomics.wait()` does not
 * accept such an array: wait for an event or a lock of a manager.
 *
 * All elements are 0 at first. The memory is reserved at once, and given back when no process uses it any longer. The
 * `buffer` of the array can be longer than the array.
 *
 * @param type - `Int32Array`, `Float64Array`, `BigInt64Array` or another class of typed arrays.
 * @param length - the number of elements; up to 4 GiB of them.
 * @throws TypeError for another class, or a length that is not an integer of at least 0.
 * @throws RangeError for a length above the limit.
 * @throws {@link MissingPackageError} if the package koffi is not installed.
 * @throws {@link SharedMemoryError} if koffi does not work on this system, or memory is short.
 *
 * @example
 * ```ts
 * const counts = sharedArray(Int32Array, 256);
 * await pool.starmap(countBytes, files.map((file) => [counts, file]));
 *
 * export async function countBytes(counts: Int32Array, file: string) {
 *   for (const byte of await readFile(file)) Atomics.add(counts, byte, 1);
 * }
 * ```
 * @since 0.2.0
 */
export function sharedArray<T extends ArrayBufferView>(type: TypedArrayClass<T>, length: number): T {
  checkType(type);
  if (!Number.isInteger(length) || length < 0)
    throw new TypeError(`sharedArray: expected an integer of at least 0 as the length, got ${String(length)}`);
  const size = (Math.ceil((length * type.BYTES_PER_ELEMENT) / PAGE) + 1) * PAGE;
  if (size > MAX_SIZE) {
    const most = Math.floor((MAX_SIZE - PAGE) / type.BYTES_PER_ELEMENT);
    throw new RangeError(`sharedArray: expected a length of at most ${most}, got ${length}`);
  }
  const libc = requireLibc('sharedArray()');
  const region = createRegion();
  if (region === undefined) throw new SharedMemoryError('sharedArray(): this process can open no more files');
  registerSharedArrays();
  return new type(mapNew(libc, region, size).buffer, 0, length);
}

function mapNew(libc: Libc, region: Region, size: number): ArrayRegion {
  const { fd } = region;
  try {
    // In a container, the system ends the process that reserves more than there is.
    const available = process.availableMemory();
    if (size > available) throw new Error(`${available} bytes are available`);
    ftruncateSync(fd, size);
    libc.reserve(fd, 0, size);
    fixSize(region);
    return new ArrayRegion(libc, addressOfRegion(fd), fd, () => region.close());
  } catch (cause) {
    region.close();
    if (cause instanceof SharedMemoryError) throw cause;
    const reason = (cause as Error).message;
    throw new SharedMemoryError(`sharedArray(): ${size} bytes of memory cannot be reserved: ${reason}`, { cause });
  }
}

function checkType(type: unknown): void {
  const isType = typeof type === 'function' && type.name !== 'DataView' && VIEW_TYPES.includes(type.name);
  if (isType && type.length === 3) return;
  const given = typeof type === 'function' ? `the class ${type.name}` : String(type);
  throw new TypeError(`sharedArray: expected a class of typed arrays, such as Float64Array, got ${given}`);
}

function requireLibc(what: string): Libc {
  const { libc, cause } = loadLibc();
  if (libc !== undefined) return libc;
  if (isNotInstalled(cause)) throw new MissingPackageError(what, 'koffi', { cause });
  const reason = cause instanceof Error ? cause.message : String(cause);
  throw new SharedMemoryError(`${what} needs Linux and the package koffi, which does not work here: ${reason}`, {
    cause,
  });
}

/**
 * The memory of a shared array as this process has it: the elements, and behind them the number of times that it was
 * sent and not received yet, by any process.
 */
class ArrayRegion {
  readonly buffer: ArrayBuffer;
  readonly #address: string;
  readonly #underway: Int32Array;

  /**
   * @param address - where the region was found.
   * @param fd - a descriptor of this process for it.
   * @param close - closes the descriptor; called when the memory is no longer used.
   */
  constructor(libc: Libc, address: RegionAddress, fd: number, close: () => void) {
    this.buffer = libc.map(fd, address.size, 'shared');
    this.#underway = new Int32Array(this.buffer, address.size - PAGE, 1);
    // Any process that has the array can pass it on, also after the end of the one that created it.
    this.#address = formatAddress({ ...address, pid: process.pid, fd });
    const key = keyOf(address);
    regions.open.set(key, new WeakRef(this.buffer));
    regions.byBuffer.set(this.buffer, this);
    registerMemory(this.buffer, (view) => this.#describe(view));
    collected.register(this.buffer, { key, close });
  }

  #describe(view: object): HandleParts {
    if (regions.stored === undefined) {
      Atomics.add(this.#underway, 0, 1);
      hold(this);
    } else regions.stored.add(this);
    if (!ArrayBuffer.isView(view)) return [SHARED_ARRAY, this.#address, 'ArrayBuffer', 0, 0];
    const { byteOffset, byteLength } = view;
    if (Buffer.isBuffer(view)) return [SHARED_ARRAY, this.#address, 'Buffer', byteOffset, byteLength];
    const length = 'length' in view ? (view.length as number) : byteLength;
    return [SHARED_ARRAY, this.#address, nameOfView(view), byteOffset, length];
  }

  /** What is stored, in a shared value or in an object of a manager, is received more often than it was sent. */
  onReceived(): void {
    for (let count = Atomics.load(this.#underway, 0); count > 0; ) {
      const found = Atomics.compareExchange(this.#underway, 0, count, count - 1);
      if (found === count) return;
      count = found;
    }
  }

  get isUnderway(): boolean {
    return Atomics.load(this.#underway, 0) > 0;
  }
}

/** The shared arrays of this process. */
const regions = openGlobalState('shared-arrays', () => ({
  /** By device and inode. */
  open: new Map<string, WeakRef<ArrayBuffer>>(),
  byBuffer: new WeakMap<ArrayBuffer, ArrayRegion>(),
  /**
   * Those that were sent lately, and when: the receiver opens the memory through this process, in which nothing else may
   * refer to it any longer.
   */
  held: new Map<ArrayRegion, number>(),
  timer: undefined as NodeJS.Timeout | undefined,
  /** Those in the value that is being stored. */
  stored: undefined as Set<ArrayRegion> | undefined,
}));

/**
 * Stores a value by `store`.
 *
 * @returns what `store` returns, and the memory of the shared arrays in the value. Keep it as long as another process may
 * read the value: it opens the memory through this one.
 */
export function storeArrays<T>(store: () => T): [result: T, memory: ReadonlySet<object>] {
  const outer = regions.stored;
  const stored = new Set<ArrayRegion>();
  regions.stored = stored;
  try {
    return [store(), stored];
  } finally {
    regions.stored = outer;
  }
}

const collected = new FinalizationRegistry<{ key: string; close: () => void }>(({ key, close }) => {
  if (regions.open.get(key)?.deref() === undefined) regions.open.delete(key);
  close();
});

function keyOf({ device, inode }: RegionAddress): string {
  return `${device}:${inode}`;
}

function hold(region: ArrayRegion): void {
  regions.held.set(region, performance.now());
  regions.timer ??= setInterval(releaseArrived, CHECK_INTERVAL).unref();
}

function releaseArrived(): void {
  const now = performance.now();
  for (const [region, sentAt] of regions.held) {
    if (!region.isUnderway || now - sentAt > MAX_HELD) regions.held.delete(region);
  }
  if (regions.held.size > 0) return;
  clearInterval(regions.timer);
  regions.timer = undefined;
}

/** Lets this process decode shared arrays. */
export function registerSharedArrays(): void {
  registerHandle(SHARED_ARRAY, makeSharedArray);
}

/** Makes the view of a handle. The parts, and the file that they name, may be those of a hostile process. */
function makeSharedArray([text, type, byteOffset, length, ...rest]: readonly unknown[]): object {
  const address = parseAddress(text);
  const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
  if (typeof type !== 'string' || !isSize(byteOffset) || !isSize(length) || rest.length > 0)
    throw new ProtocolError('a handle of a shared array has invalid parts');
  const { buffer } = openArray(address);
  if (type === 'ArrayBuffer') return buffer;
  try {
    if (type === 'Buffer') return Buffer.from(buffer, byteOffset, length);
    const View = VIEW_TYPES.includes(type) ? Reflect.get(globalThis, type) : undefined;
    if (typeof View === 'function') return new View(buffer, byteOffset, length);
  } catch (cause) {
    throw new ProtocolError('a view of a shared array does not fit its memory', { cause });
  }
  throw new ProtocolError(`this version of Node.js has no ${type}`);
}

function openArray(address: RegionAddress): ArrayRegion {
  const known = regions.open.get(keyOf(address))?.deref();
  const region = (known && regions.byBuffer.get(known)) ?? mapArray(address);
  region.onReceived();
  return region;
}

function mapArray(address: RegionAddress): ArrayRegion {
  const libc = requireLibc('a shared array');
  const fd = openRegion(address, 'write');
  try {
    if (!isFixedSize(fd) || address.size < PAGE || address.size % PAGE !== 0)
      throw new ProtocolError('a handle of a shared array names a file that is none');
    return new ArrayRegion(libc, address, fd, () => closeSync(fd));
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
