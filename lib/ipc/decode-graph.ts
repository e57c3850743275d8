import { deserializeError } from 'serialize-error';
import { ProtocolError } from '../errors.js';
import { takeAttachment } from './attachments.js';
import { findErrorClass } from './error-classes.js';
import * as graph from './graph.js';
import type { Row, Slot } from './graph.js';

/**
 * Builds the value that `encodeGraph` flattened.
 *
 * The bytes come from another process, so nothing is taken for granted: every kind, row and length is checked.
 *
 * @throws {@link ProtocolError}
 */
export function decodeGraph(form: unknown, attachments: (ArrayBuffer | undefined)[]): unknown {
  const [shapes, rows, root] = expectArray(form) as [unknown, unknown, Slot];
  return new GraphDecoder(expectArray(shapes), expectArray(rows) as Row[], attachments).decode(root);
}

/** Creates every object first, then fills them: cycles need something to point to. */
class GraphDecoder {
  readonly #shapes: readonly (readonly string[])[];
  readonly #rows: readonly Row[];
  readonly #attachments: (ArrayBuffer | undefined)[];
  readonly #objects: (object | undefined)[] = [];

  constructor(shapes: readonly unknown[], rows: readonly Row[], attachments: (ArrayBuffer | undefined)[]) {
    this.#shapes = shapes.map(decodeStrings);
    this.#rows = rows;
    this.#attachments = attachments;
  }

  decode(root: Slot): unknown {
    for (let row = 0; row < this.#rows.length; row++) this.#object(row);
    for (let row = 0; row < this.#rows.length; row++) this.#fill(this.#rows[row] as Row, this.#objects[row] as object);
    return this.#value(root);
  }

  #value(slot: Slot): unknown {
    if (!Array.isArray(slot)) return slot;
    if (slot.length === 1) return this.#object(slot[0]);
    return decodePrimitive(slot);
  }

  #object(row: unknown): object {
    if (typeof row !== 'number' || this.#rows[row] === undefined) throw new ProtocolError(`no row ${row} in the graph`);
    return (this.#objects[row] ??= this.#create(expectArray(this.#rows[row]) as unknown as Row));
  }

  #create(row: Row): object {
    switch (row[0]) {
      case graph.OBJECT:
        return {};
      case graph.ARRAY:
      case graph.SPARSE_ARRAY:
        return [];
      case graph.MAP:
        return new Map();
      case graph.SET:
        return new Set();
      case graph.DATE:
        return new Date(row[1]);
      case graph.REGEXP:
        return createRegExp(decodeString(row[1]), row[2]);
      case graph.BOXED:
        return Object(decodePrimitiveSlot(row[1]));
      case graph.ARRAY_BUFFER:
        return createArrayBuffer(takeAttachment(row[1], this.#attachments), row[2]);
      case graph.VIEW:
        return this.#createView(row[1], row[2], row[3], row[4]);
      case graph.BUFFER:
        return Buffer.from(takeAttachment(row[1], this.#attachments));
      case graph.ERROR:
        return createError(row[1], decodeStrings(row[2]), expectArray(row[3]));
      default:
        throw new ProtocolError(`no kind ${row[0]} of row in a graph`);
    }
  }

  #createView(type: number, bufferSlot: Slot, byteOffset: number, length: number): object {
    const name = graph.VIEW_TYPES[type];
    const [row] = expectArray(bufferSlot);
    if (name === undefined || this.#rows[row as number]?.[0] !== graph.ARRAY_BUFFER) {
      throw new ProtocolError('a view needs a known type and an ArrayBuffer');
    }
    const buffer = this.#object(row) as ArrayBuffer;
    try {
      const size = length === graph.TRACKING ? undefined : length;
      if (name === 'Buffer') return Buffer.from(buffer, byteOffset, size);
      return new (globalThis[name] as Uint8ArrayConstructor)(buffer, byteOffset, size);
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
        (target as unknown[]).length = row[1];
        return this.#fillProperties(target, decodeStrings(row[2]), row[3]);
      case graph.MAP: {
        const values = expectArray(row[2]);
        expectArray(row[1]).forEach((key, index) => {
          (target as Map<unknown, unknown>).set(this.#value(key), this.#value(values[index]));
        });
        return;
      }
      case graph.SET:
        for (const slot of expectArray(row[1])) (target as Set<unknown>).add(this.#value(slot));
        return;
      case graph.ERROR:
        return this.#fillError(target, decodeStrings(row[2]), expectArray(row[3]));
    }
  }

  #shape(shape: number): readonly string[] {
    const keys = this.#shapes[shape];
    if (keys === undefined) throw new ProtocolError(`no shape ${shape} in the graph`);
    return keys;
  }

  #fillProperties(target: object, keys: readonly string[], values: unknown): void {
    const slots = expectArray(values);
    for (let index = 0; index < keys.length; index++) {
      const key = keys[index] as string;
      const value = this.#value(slots[index]);
      // Assigning to `__proto__` would change the prototype instead of making a property.
      if (key === '__proto__') Object.defineProperty(target, key, { value, ...ENUMERABLE });
      else (target as Record<string, unknown>)[key] = value;
    }
  }

  #fillError(error: object, keys: readonly string[], values: readonly unknown[]): void {
    keys.forEach((key, index) => {
      if (CREATED_WITH.has(key)) return;
      const value = this.#value(values[index]);
      Object.defineProperty(error, key, { value, ...ENUMERABLE, enumerable: !HIDDEN.has(key) });
    });
  }
}

const ENUMERABLE = { enumerable: true, configurable: true, writable: true };
/** What serialize-error gives the error when it creates it, and what it keeps from being enumerable. */
const CREATED_WITH = new Set(['name', 'message', 'stack']);
const HIDDEN = new Set(['cause', 'errors']);

/** The class is known by the name of the constructor; serialize-error knows the built-in ones. */
function createError(className: string, keys: readonly string[], values: readonly unknown[]): Error {
  const read = (key: string) => {
    const value = values[keys.indexOf(key)];
    return Array.isArray(value) && value.length === 2 ? decodePrimitive(value) : value;
  };
  const name = read('name');
  const message = read('message');
  const stack = read('stack');
  const error = deserializeError({
    name: className === 'DOMException' || typeof name !== 'string' ? className : name,
    message: typeof message === 'string' ? message : '',
    ...(typeof stack === 'string' && { stack }),
  });
  if (typeof name === 'string' && error.name !== name) define(error, 'name', name);
  const known = findErrorClass(className);
  return known === undefined ? error : Object.setPrototypeOf(error, known.prototype);
}

function define(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, { value, enumerable: false, configurable: true, writable: true });
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

function decodePrimitiveSlot(slot: Slot): unknown {
  return Array.isArray(slot) ? decodePrimitive(slot) : slot;
}

function decodePrimitive(slot: readonly unknown[]): unknown {
  const [form, payload] = slot;
  switch (form) {
    case graph.MINUS_ZERO:
      return -0;
    case graph.BIG_INTEGER:
      return parseBigInt(payload);
    case graph.UTF16:
      if (payload instanceof Uint8Array) return Buffer.from(payload).toString('utf16le');
  }
  throw new ProtocolError(`no form ${form} of primitive in a graph`);
}

function parseBigInt(hex: unknown): bigint {
  if (typeof hex !== 'string' || !/^-?[\da-f]+$/.test(hex)) throw new ProtocolError('a big integer does not parse');
  return hex.startsWith('-') ? -BigInt(`0x${hex.slice(1)}`) : BigInt(`0x${hex}`);
}

function decodeString(slot: Slot): string {
  const value = decodePrimitiveSlot(slot);
  if (typeof value !== 'string') throw new ProtocolError('a key or source in a graph is not a string');
  return value;
}

function decodeStrings(slots: unknown): string[] {
  return expectArray(slots).map(decodeString);
}

function expectArray(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new ProtocolError('a list is missing in a graph');
  return value;
}
