import { ProtocolError } from '../errors.js';
import { RealDate } from '../util/clock.js';
import { takeAttachment } from './attachments.js';
import { createError, fillError } from './decode-error.js';
import type { Row, Slot } from './graph.js';
import * as graph from './graph.js';
import type { HandleMaker } from './handles.js';
import { decodePrimitive, decodeString, decodeStrings, expectArray } from './slot.js';

/**
 * Builds the value that `encodeGraph` flattened.
 *
 * The bytes come from another process, so nothing is taken for granted: every kind, row and length is checked.
 *
 * @param makeHandle - makes what stands for something outside of this process.
 * @throws {@link ProtocolError}
 */
export function decodeGraph(form: unknown, attachments: (ArrayBuffer | undefined)[], makeHandle: HandleMaker): unknown {
  const [shapes, rows, root] = expectArray(form) as [unknown, unknown, Slot];
  return new GraphDecoder(expectArray(shapes), expectArray(rows) as Row[], attachments, makeHandle).decode(root);
}

/** Creates every object first, then fills them: cycles need something to point to. */
class GraphDecoder {
  readonly #shapes: readonly (readonly string[])[];
  readonly #rows: readonly Row[];
  readonly #attachments: (ArrayBuffer | undefined)[];
  readonly #makeHandle: HandleMaker;
  readonly #objects: (object | undefined)[] = [];

  constructor(
    shapes: readonly unknown[],
    rows: readonly Row[],
    attachments: (ArrayBuffer | undefined)[],
    makeHandle: HandleMaker,
  ) {
    this.#shapes = shapes.map(decodeStrings);
    this.#rows = rows;
    this.#attachments = attachments;
    this.#makeHandle = makeHandle;
  }

  decode(root: Slot): unknown {
    for (let row = 0; row < this.#rows.length; row++) this.#object(row);
    for (let row = 0; row < this.#rows.length; row++) this.#fill(this.#rows[row] as Row, this.#objects[row] as object);
    return this.#value(root);
  }

  #value(slot: Slot): unknown {
    return Array.isArray(slot) && slot.length === 1 ? this.#object(slot[0]) : decodePrimitive(slot);
  }

  /** The values of the slots. There must be `count`, or a few bytes could name a long list again and again. */
  #values(slots: unknown, count: number): unknown[] {
    const list = expectArray(slots);
    if (list.length !== count) throw new ProtocolError(`a graph has ${list.length} values where it needs ${count}`);
    return list.map((slot) => this.#value(slot));
  }

  #object(row: unknown): object {
    if (typeof row !== 'number' || this.#rows[row] === undefined) throw new ProtocolError(`no row ${row} in the graph`);
    const known = this.#objects[row];
    if (known !== undefined) return known;
    const object = this.#create(expectArray(this.#rows[row]) as unknown as Row);
    this.#objects[row] = object;
    return object;
  }

  #create(row: Row): object {
    switch (row[0]) {
      case graph.OBJECT:
        return {};
      case graph.ARRAY:
        return [];
      case graph.SPARSE_ARRAY:
        return createSparseArray(row[1], expectArray(row[2]).length);
      case graph.MAP:
        return new Map();
      case graph.SET:
        return new Set();
      case graph.DATE:
        return new RealDate(expectNumber(row[1]));
      case graph.REGEXP:
        return createRegExp(decodeString(row[1]), decodeString(row[2]));
      case graph.BOXED:
        return Object(decodePrimitive(row[1]));
      case graph.ARRAY_BUFFER:
        return createArrayBuffer(takeAttachment(row[1], this.#attachments), expectNumber(row[2]));
      case graph.VIEW:
        return this.#createView(expectNumber(row[1]), row[2], expectNumber(row[3]), expectNumber(row[4]));
      case graph.BUFFER:
        return Buffer.from(takeAttachment(row[1], this.#attachments));
      case graph.ERROR:
        return createError(decodeStrings(row[1]));
      case graph.HANDLE:
        return this.#makeHandle(expectArray(row[1]).map(decodePrimitive));
      default:
        throw new ProtocolError(`no kind ${String(row[0])} of row in a graph`);
    }
  }

  #createView(type: number, bufferSlot: Slot, byteOffset: number, length: number): object {
    const name = graph.VIEW_TYPES[type];
    const [row] = expectArray(bufferSlot);
    if (name === undefined || typeof row !== 'number' || this.#rows[row]?.[0] !== graph.ARRAY_BUFFER) {
      throw new ProtocolError('a view needs a known type and an ArrayBuffer');
    }
    const View = (globalThis as unknown as Record<string, Uint8ArrayConstructor>)[name];
    if (View === undefined) throw new ProtocolError(`there is no ${name} in this version`);
    try {
      const buffer = this.#object(row) as ArrayBuffer;
      return length === graph.TRACKING
        ? createTrackingView(View, buffer, byteOffset)
        : new View(buffer, byteOffset, length);
    } catch (cause) {
      throw new ProtocolError(`a ${name} does not fit its ArrayBuffer`, { cause });
    }
  }

  #fill(row: Row, target: object): void {
    switch (row[0]) {
      case graph.OBJECT:
        return this.#fillProperties(target, this.#shape(row[1]), row[2]);
      case graph.ARRAY:
        for (const slot of expectArray(row[1])) (target as unknown[]).push(this.#value(slot));
        return;
      case graph.SPARSE_ARRAY:
        return this.#fillProperties(target, decodeKeysOfArray(row[2]), row[3]);
      case graph.MAP: {
        const keys = expectArray(row[1]);
        const values = this.#values(row[2], keys.length);
        keys.forEach((key, index) => {
          (target as Map<unknown, unknown>).set(this.#value(key), values[index]);
        });
        return;
      }
      case graph.SET:
        for (const slot of expectArray(row[1])) (target as Set<unknown>).add(this.#value(slot));
        return;
      case graph.ERROR: {
        const keys = decodeStrings(row[2]);
        const values = this.#values(row[3], keys.length);
        return fillError(target, keys, values, expectNumber(row[4]), expectNumber(row[5]));
      }
    }
  }

  #shape(shape: number): readonly string[] {
    const keys = this.#shapes[expectNumber(shape)];
    if (keys === undefined) throw new ProtocolError(`no shape ${shape} in the graph`);
    return keys;
  }

  #fillProperties(target: object, keys: readonly string[], slots: unknown): void {
    const values = this.#values(slots, keys.length);
    for (let index = 0; index < keys.length; index++) setProperty(target, keys[index] as string, values[index]);
  }
}

/** Assigning to `__proto__` would change the prototype instead of making a property. */
function setProperty(target: object, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  else (target as Record<string, unknown>)[key] = value;
}

/** `length` is no property that an array could have beside its own. */
function decodeKeysOfArray(slots: unknown): string[] {
  const keys = decodeStrings(slots);
  if (keys.includes('length')) throw new ProtocolError('the length of an array is not one of its properties');
  return keys;
}

const LONGEST_ARRAY = 2 ** 32 - 1;

/**
 * Setting a length takes memory for that many elements, and a few bytes could ask for gigabytes. Where little of it
 * would be filled, the array passes through the length at which V8 keeps elements in a dictionary.
 */
function createSparseArray(length: number, count: number): unknown[] {
  const array: unknown[] = [];
  if (expectNumber(length) > 1024 + 8 * count) array.length = LONGEST_ARRAY;
  array.length = length;
  return array;
}

function createRegExp(source: string, flags: string): RegExp {
  try {
    return new RegExp(source, flags);
  } catch (cause) {
    throw new ProtocolError('a regular expression does not parse', { cause });
  }
}

function createArrayBuffer(bytes: ArrayBuffer, maxByteLength: number): ArrayBuffer {
  if (maxByteLength < 0) return bytes;
  const buffer = new ArrayBuffer(bytes.byteLength, { maxByteLength });
  new Uint8Array(buffer).set(new Uint8Array(bytes));
  return buffer;
}

/** V8 wants whole elements when such a view is made, although its buffer may have any length: none are whole. */
function createTrackingView(View: Uint8ArrayConstructor, buffer: ArrayBuffer, byteOffset: number): Uint8Array {
  const { byteLength } = buffer;
  const bytes = new Uint8Array(buffer.slice(byteOffset));
  buffer.resize(byteOffset);
  const view = new View(buffer, byteOffset);
  buffer.resize(byteLength);
  new Uint8Array(buffer).set(bytes, byteOffset);
  return view;
}

function expectNumber(value: unknown): number {
  if (typeof value !== 'number') throw new ProtocolError(`a graph has ${typeof value} where it needs a number`);
  return value;
}
