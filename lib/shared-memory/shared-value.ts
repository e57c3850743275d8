import { closeSync } from 'node:fs';
import { ProtocolError, SharedMemoryError } from '../errors.js';
import { MAX_FRAME } from '../ipc/frame.js';
import { HANDLE, type HandleParts, registerHandle } from '../ipc/graph/handles.js';
import { type PackedParts, packParts } from '../ipc/packed.js';
import { clearInterval, performance, setInterval } from '../util/clock.js';
import { openGlobalState } from '../util/global-state.js';
import {
  addressOfRegion,
  createRegion,
  formatAddress,
  isRegionOpen,
  isVisibleToOthers,
  makeReadOnly,
  openRegion,
  parseAddress,
  type Region,
  type RegionAddress,
} from './region.js';
import { storeArrays } from './shared-array.js';
import { createImage, FileContent, ImageContent, readValue, writeValue } from './stored-value.js';

/** The kind of the handles of shared values. Their parts are an id, and the content where no process can open it. */
const SHARED_VALUE = 'shared';

/** How often to look whether tasks may still ask for the values that this process keeps, in milliseconds. */
const CHECK_INTERVAL = 5000;
/** How long a value is kept whose content came with its last task, in milliseconds: its owner cannot be seen. */
const MAX_UNUSED = 60_000;

/**
 * A value that all processes can read from the same memory; {@link share} creates it.
 *
 * It can be an argument, a result, or part of one, like any value: only its address is sent.
 *
 * @since 0.2.0
 */
export interface Shared<T> {
  /**
   * The value: the same object each time, which the first access in a process decodes.
   *
   * Large binary data in it (Buffers, typed arrays) is a view of the shared memory. A process may write to it, but no
   * other process sees the change.
   *
   * @throws {@link SharedMemoryError} if it was disposed, its owner has ended, or this process may not open it.
   */
  readonly value: T;

  /**
   * Gives the memory back. Only the process that called {@link share} can; in others it does nothing.
   *
   * From then on the value can neither be read here, nor sent, nor opened by another process. A process that has read
   * it before keeps it as long as it uses it.
   */
  dispose(): void;

  /** The same as {@link dispose}, for `using`. */
  [Symbol.dispose](): void;
}

/** Where the content of a value is. */
interface Source {
  /** The same in all processes. */
  readonly id: string;
  describe(): HandleParts;
  read(): unknown;
  /** Whether another task of this process may ask for the value of another process. */
  isInUse?(): boolean;
  /** Its content has come again. */
  onReceived?(): void;
  close?(): void;
}

/** A region of this process. */
class OwnRegion implements Source {
  readonly id: string;
  readonly #region: Region;
  readonly #content: FileContent;
  readonly #handle: HandleParts;

  constructor(region: Region) {
    const address = addressOfRegion(region.fd);
    this.#region = region;
    this.#content = new FileContent(region.fd, address.size);
    this.id = formatAddress(address);
    this.#handle = [SHARED_VALUE, this.id];
  }

  describe(): HandleParts {
    return isVisibleToOthers() ? this.#handle : describeContent(this.id, this.#content.size, () => this.#readAll());
  }

  #readAll(): Uint8Array {
    const image = new Uint8Array(this.#content.size);
    this.#content.read(image, 0);
    return image;
  }

  read(): unknown {
    return readValue(this.#content);
  }

  close(): void {
    this.#region.close();
  }
}

/** A region of another process. */
class ForeignRegion implements Source {
  readonly id: string;
  readonly #address: RegionAddress;

  constructor(id: string) {
    this.id = id;
    this.#address = parseAddress(id);
  }

  isInUse(): boolean {
    return isRegionOpen(this.#address);
  }

  describe(): HandleParts {
    return [SHARED_VALUE, this.id];
  }

  read(): unknown {
    const fd = openRegion(this.#address, 'read');
    try {
      return readValue(new FileContent(fd, this.#address.size));
    } finally {
      closeSync(fd);
    }
  }
}

/** Memory that no other process can open: the content is sent each time. */
class Image implements Source {
  readonly id: string;
  readonly #bytes: Uint8Array;
  #receivedAt = performance.now();

  constructor(id: string, bytes: Uint8Array) {
    this.id = id;
    this.#bytes = bytes;
  }

  isInUse(): boolean {
    return performance.now() - this.#receivedAt < MAX_UNUSED;
  }

  onReceived(): void {
    this.#receivedAt = performance.now();
  }

  describe(): HandleParts {
    return describeContent(this.id, this.#bytes.byteLength, () => this.#bytes);
  }

  read(): unknown {
    return readValue(new ImageContent(this.#bytes));
  }
}

function describeContent(id: string, size: number, read: () => Uint8Array): HandleParts {
  if (size <= MAX_FRAME) return [SHARED_VALUE, id, read];
  throw new SharedMemoryError(
    `a shared value of ${size} bytes cannot be sent: other processes cannot open its memory here, and a pipe carries at ` +
      `most ${MAX_FRAME} bytes; share it in parts`,
  );
}

class SharedValue<T = unknown> implements Shared<T> {
  readonly #source: Source;
  #decoded: { readonly value: T } | undefined;
  #isDisposed = false;

  constructor(source: Source) {
    this.#source = source;
  }

  get value(): T {
    if (this.#isDisposed) throw createDisposedError();
    if (this.#decoded === undefined) {
      this.#decoded = { value: this.#source.read() as T };
      if (!known.own.has(this.#source.id)) keep(this, this.#source);
    }
    return this.#decoded.value;
  }

  dispose(): void {
    if (this.#isDisposed || known.own.get(this.#source.id) !== this) return;
    this.#isDisposed = true;
    this.#decoded = undefined;
    known.memory.delete(this);
    known.own.delete(this.#source.id);
    this.#source.close?.();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  [HANDLE](): HandleParts {
    if (this.#isDisposed) throw createDisposedError();
    return this.#source.describe();
  }
}

function createDisposedError(): SharedMemoryError {
  return new SharedMemoryError('the shared value was disposed; dispose it after its last use, or share it again');
}

/** The shared values of this process. */
const known = openGlobalState('shared-values', () => ({
  /** Those that it has created and not disposed, by id. */
  own: new Map<string, Shared<unknown>>(),
  /** The shared arrays in them, which other processes open through this one. */
  memory: new Map<Shared<unknown>, ReadonlySet<object>>(),
  /** Those of other processes, by key: their id, or that and a word if their content came with it. */
  foreign: new Map<string, WeakRef<Shared<unknown>>>(),
  /** Those of other processes that were decoded. */
  kept: new Map<Shared<unknown>, Source>(),
  timer: undefined as NodeJS.Timeout | undefined,
}));

const collected = new FinalizationRegistry<string>((key) => {
  if (known.foreign.get(key)?.deref() === undefined) known.foreign.delete(key);
});

/** Keeps a decoded value for later tasks, which would have to decode it again. */
function keep(shared: Shared<unknown>, source: Source): void {
  known.kept.set(shared, source);
  known.timer ??= setInterval(dropUnused, CHECK_INTERVAL).unref();
}

function dropUnused(): void {
  for (const [shared, source] of known.kept) {
    if (source.isInUse?.() !== true) known.kept.delete(shared);
  }
  if (known.kept.size > 0) return;
  clearInterval(known.timer);
  known.timer = undefined;
}

/**
 * Stores a value in memory that all processes of this machine can read, once: each process reads it there, instead of
 * receiving a copy with each task.
 *
 * The result travels to any task, initializer or object of a manager as a few bytes, any number of times. Without the
 * package koffi each process copies the value once; where processes have no shared memory at all, as on macOS and
 * Windows, it is sent with each task.
 *
 * @param value - anything that can be sent to a task. It is read once, now: later changes do not count.
 * @throws {@link SerializationError} if it cannot be sent.
 *
 * @example
 * ```ts
 * using table = share(await loadTable());
 * const results = await pool.starmap(lookup, keys.map((key) => [table, key]));
 *
 * export async function lookup(table: Shared<Map<string, number>>, key: string) {
 *   return table.value.get(key);
 * }
 * ```
 * @since 0.2.0
 */
export function share<T>(value: T): Shared<T> {
  const [parts, memory] = storeArrays(() => packParts(value, 'value'));
  const source =
    storeInRegion(parts) ?? new Image(process.getBuiltinModule('node:crypto').randomUUID(), createImage(parts));
  const shared = new SharedValue<T>(source);
  known.own.set(source.id, shared);
  if (memory.size > 0) known.memory.set(shared, memory);
  registerSharedValues();
  return shared;
}

/** @returns undefined if there is no memory that other processes can open, or not enough of it. */
function storeInRegion(parts: PackedParts): OwnRegion | undefined {
  if (!isVisibleToOthers()) return undefined;
  const region = createRegion();
  if (region === undefined) return undefined;
  try {
    writeValue(region.fd, parts);
    makeReadOnly(region);
    const own = new OwnRegion(region);
    if (isRegionOpen(parseAddress(own.id))) return own;
  } catch {
    // The file system may be full.
  }
  region.close();
  return undefined;
}

/** Lets this process decode shared values. */
export function registerSharedValues(): void {
  registerHandle(SHARED_VALUE, makeSharedValue);
}

/** Makes the shared value of a handle: the same object for all handles of one value. */
function makeSharedValue([id, content, ...rest]: readonly unknown[]): object {
  if (typeof id !== 'string' || rest.length > 0 || (content !== undefined && !(content instanceof Uint8Array)))
    throw new ProtocolError('a handle of a shared value has invalid parts');
  // A process may send any content with the address of a region: that must not take the region's place.
  const key = content === undefined ? id : `${id} content`;
  const existing = known.own.get(id) ?? known.foreign.get(key)?.deref();
  if (existing !== undefined) {
    if (content !== undefined) known.kept.get(existing)?.onReceived?.();
    return existing;
  }
  const shared = new SharedValue(content === undefined ? new ForeignRegion(id) : new Image(id, content));
  known.foreign.set(key, new WeakRef<Shared<unknown>>(shared));
  collected.register(shared, key);
  return shared;
}
