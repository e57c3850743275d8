import { AiomultiprocessError, ProtocolError } from '../../errors.js';
import { RealDate } from '../../util/clock.js';
import { type ReceivedAttachments, takeBytes, takeMemory } from '../attachments.js';
import { createError, fillError } from './decode-error.js';
import type { Cell, Row } from './graph.js';
import * as graph from './graph.js';
import type { HandleMaker } from './handles.js';
import { decodePrimitive, decodeString, decodeStrings, expectArray } from './primitives.js';

/** The value of a graph. */
export interface DecodedGraph {
  value: unknown;
  /** Why an object that stands for something outside cannot be made in this process. It takes the object's place. */
  failure: AiomultiprocessError | undefined;
}

/**
 * Rebuilds the value that `encodeGraph` flattened.
 *
 * The bytes come from another process, so every kind, row and length is checked.
 *
 * @param makeHandle - makes the objects that stand for something outside of this process.
 * @throws {@link ProtocolError}
 */
export function decodeGraph(form: unknown, attachments: ReceivedAttachments, makeHandle: HandleMaker): DecodedGraph {
  const [shapes, rows, root] = expectArray(form) as [unknown, unknown, Cell];
  const decoder = new GraphDecoder(expectArray(shapes), expectArray(rows) as Row[], attachments, makeHandle);
  return { value: decoder.decode(root), failure: decoder.failure };
}

/** Creates every object first and fills them afterwards, because cycles need objects to refer to. */
class GraphDecoder {
  readonly #shapes: readonly (readonly string[])[];
  readonly #rows: readonly Row[];
  readonly #attachments: ReceivedAttachments;
  readonly #makeHandle: HandleMaker;
  readonly #objects: (object | undefined)[] = [];
  /** See {@link DecodedGraph.failure}. */
  failure: AiomultiprocessError | undefined;

  constructor(
    shapes: readonly unknown[],
    rows: readonly Row[],
    attachments: ReceivedAttachments,
    makeHandle: HandleMaker,
  ) {
    this.#shapes = shapes.map(decodeStrings);
    this.#rows = rows;
    this.#attachments = attachments;
    this.#makeHandle = makeHandle;
  }

  decode(root: Cell): unknown {
    for (let row = 0; row < this.#rows.length; row++) this.#object(row);
    for (let row = 0; row < this.#rows.length; row++) this.#fill(this.#rows[row] as Row, this.#objects[row] as object);
    return this.#value(root);
  }

  #value(cell: Cell): unknown {
    return Array.isArray(cell) && cell.length === 1 ? this.#object(cell[0]) : decodePrimitive(cell);
  }

  /**
   * The values of the cells. Their number must be `count`: otherwise a few bytes could refer to a long list many times.
   */
  #values(cells: unknown, count: number): unknown[] {
    const list = expectArray(cells);
    if (list.length !== count) throw new ProtocolError(`a graph has ${list.length} values, expected ${count}`);
    return list.map((cell) => this.#value(cell));
  }

  #object(row: unknown): object {
    if (typeof row !== 'number' || this.#rows[row] === undefined)
      throw new ProtocolError(`the graph has no row ${row}`);
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
        return this.#createArrayBuffer(row[1], expectNumber(row[2]));
      case graph.VIEW:
        return this.#createView(expectNumber(row[1]), row[2], expectNumber(row[3]), expectNumber(row[4]));
      case graph.BUFFER:
        return takeBytes(row[1], this.#attachments);
      case graph.ERROR:
        return createError(decodeStrings(row[1]));
      case graph.HANDLE:
        return this.#createHandle(expectArray(row[1]).map((part) => this.#decodeHandlePart(part)));
      default:
        throw new ProtocolError(`a graph has a row of unknown kind ${String(row[0])}`);
    }
  }

  #createArrayBuffer(attachment: unknown, maxByteLength: number): ArrayBuffer {
    const memory = takeMemory(attachment, this.#attachments, maxByteLength !== graph.FIXED_BEHIND_VIEWS);
    return maxByteLength < 0 ? memory : createResizable(memory, maxByteLength);
  }

  #decodeHandlePart(cell: Cell): unknown {
    const isBytes = Array.isArray(cell) && cell[0] === graph.BYTES;
    return isBytes ? takeBytes(cell[1], this.#attachments) : decodePrimitive(cell);
  }

  #createHandle(handle: readonly unknown[]): object {
    try {
      return this.#makeHandle(handle);
    } catch (error) {
      if (error instanceof ProtocolError || !(error instanceof AiomultiprocessError)) throw error;
      this.failure ??= error;
      return error;
    }
  }

  #createView(type: number, bufferCell: Cell, byteOffset: number, length: number): object {
    const name = graph.VIEW_TYPES[type];
    const [row] = expectArray(bufferCell);
    if (name === undefined || typeof row !== 'number' || this.#rows[row]?.[0] !== graph.ARRAY_BUFFER) {
      throw new ProtocolError('a view needs a known type and an ArrayBuffer');
    }
    const View = (globalThis as unknown as Record<string, Uint8ArrayConstructor>)[name];
    if (View === undefined) throw new ProtocolError(`this version of Node.js has no ${name}`);
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
        for (const cell of expectArray(row[1])) (target as unknown[]).push(this.#value(cell));
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
        for (const cell of expectArray(row[1])) (target as Set<unknown>).add(this.#value(cell));
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
    if (keys === undefined) throw new ProtocolError(`the graph has no shape ${shape}`);
    return keys;
  }

  #fillProperties(target: object, keys: readonly string[], cells: unknown): void {
    const values = this.#values(cells, keys.length);
    for (let index = 0; index < keys.length; index++) setProperty(target, keys[index] as string, values[index]);
  }
}

/** An assignment to `__proto__` would change the prototype instead of creating a property. */
function setProperty(target: object, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  else (target as Record<string, unknown>)[key] = value;
}

/** An array cannot have a second property `length`. */
function decodeKeysOfArray(cells: unknown): string[] {
  const keys = decodeStrings(cells);
  if (keys.includes('length')) throw new ProtocolError('an array has a second property "length"');
  return keys;
}

const LONGEST_ARRAY = 2 ** 32 - 1;

/**
 * A new length allocates memory for that many elements, so a few bytes could demand gigabytes. If the array stays
 * mostly empty, a temporary maximal length makes V8 keep its elements in a dictionary.
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
    throw new ProtocolError('a regular expression is invalid', { cause });
  }
}

function createResizable(bytes: ArrayBuffer, maxByteLength: number): ArrayBuffer {
  const buffer = new ArrayBuffer(bytes.byteLength, { maxByteLength });
  new Uint8Array(buffer).set(new Uint8Array(bytes));
  return buffer;
}

/**
 * V8 accepts only whole elements when it creates such a view, although its buffer may have any length. So the view is
 * created with no elements.
 */
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
  if (typeof value !== 'number') throw new ProtocolError(`a graph has ${typeof value}, expected a number`);
  return value;
}
