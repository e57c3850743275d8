import { types } from 'node:util';
import { serializeError } from 'serialize-error';
import { SerializationError } from '../errors.js';
import type { AttachmentWriter } from './attachments.js';
import * as graph from './graph.js';
import type { Graph, Row, Slot } from './graph.js';

/**
 * Flattens a value into the table that `graph.ts` describes, as `structuredClone` would see the value.
 *
 * @param path - what the value is called in messages, as `args`.
 * @throws {@link SerializationError} naming the path of the part that cannot travel.
 */
export function encodeGraph(value: unknown, path: string, attachments: AttachmentWriter): Graph {
  return new GraphEncoder(path, attachments).encode(value);
}

/** A part of an error that cannot travel is left out; this many objects under an error are looked at. */
const MAX_ERROR_PARTS = 1000;

/** Works through the objects breadth first, so a deep value needs no deep stack. */
class GraphEncoder {
  readonly #path: string;
  readonly #attachments: AttachmentWriter;
  readonly #rowOf = new Map<object, number>();
  readonly #objects: object[] = [];
  /** For each object: the row that led to it and how, to name its path when something is wrong. */
  readonly #parents: number[] = [];
  readonly #steps: string[] = [];
  /** Whether the object belongs to an error: then what cannot travel is described instead of refused. */
  readonly #lenient: boolean[] = [];
  #lenientCount = 0;
  readonly #shapes: Slot[][] = [];
  readonly #shapeOf = new Map<string, number>();

  constructor(path: string, attachments: AttachmentWriter) {
    this.#path = path;
    this.#attachments = attachments;
  }

  encode(value: unknown): Graph {
    const root = this.#slot(value, -1, '');
    const rows: Row[] = [];
    for (let row = 0; row < this.#objects.length; row++) rows.push(this.#encodeObject(this.#objects[row] as object, row));
    return [this.#shapes, rows, root];
  }

  /** `step` is how a path goes from the parent to this value: `.name`, `[0]`, … */
  #slot(value: unknown, parent: number, step: string): Slot {
    switch (typeof value) {
      case 'string':
        return encodeString(value);
      case 'number':
        return Object.is(value, -0) ? [graph.MINUS_ZERO, 0] : value;
      case 'bigint':
        return BigInt.asIntN(64, value) === value ? value : [graph.BIG_INTEGER, value.toString(16)];
      case 'function':
      case 'symbol':
        return this.#refuse(parent, step, describeUnsupported(value));
      case 'object':
        return value === null ? null : this.#refer(value, parent, step);
      default:
        return value;
    }
  }

  #refer(value: object, parent: number, step: string): Slot {
    const known = this.#rowOf.get(value);
    if (known !== undefined) return [known];
    const reason = whyUnsupported(value);
    if (reason !== undefined) return this.#refuse(parent, step, reason);
    const lenient = parent >= 0 && (this.#lenient[parent] === true || isError(this.#objects[parent] as object));
    if (lenient && (isStream(value) || ++this.#lenientCount > MAX_ERROR_PARTS)) return describeInstance(value);
    const row = this.#objects.push(value) - 1;
    this.#rowOf.set(value, row);
    this.#parents.push(parent);
    this.#steps.push(step);
    this.#lenient.push(lenient);
    return [row];
  }

  #encodeObject(value: object, row: number): Row {
    if (Array.isArray(value)) return this.#encodeArray(value, row);
    if (isError(value)) return this.#encodeError(value, row);
    if (types.isDate(value)) return [graph.DATE, value.getTime()];
    if (types.isRegExp(value)) return [graph.REGEXP, encodeString(value.source), value.flags];
    if (types.isMap(value)) return this.#encodeMap(value, row);
    if (types.isSet(value)) return [graph.SET, Array.from(value, (item, i) => this.#slot(item, row, `[item ${i}]`))];
    if (types.isArrayBuffer(value)) return this.#encodeArrayBuffer(value, row);
    if (ArrayBuffer.isView(value)) return this.#encodeView(value, row);
    if (types.isBoxedPrimitive(value)) return [graph.BOXED, this.#slot(value.valueOf(), row, '')];
    return this.#encodeRecord(value as Record<string, unknown>, row);
  }

  #encodeArray(array: readonly unknown[], row: number): Row {
    const keys = Object.keys(array);
    const dense = keys.length === array.length && (keys.length === 0 || keys.at(-1) === String(keys.length - 1));
    if (dense) return [graph.ARRAY, array.map((item, index) => this.#slot(item, row, `[${index}]`))];
    return [graph.SPARSE_ARRAY, array.length, keys.map(encodeString), this.#encodeProperties(array, keys, row)];
  }

  #encodeMap(map: ReadonlyMap<unknown, unknown>, row: number): Row {
    const keys: Slot[] = [];
    const values: Slot[] = [];
    for (const [key, value] of map) {
      const step = typeof key === 'string' ? JSON.stringify(key) : `#${keys.length}`;
      keys.push(this.#slot(key, row, `[key ${step}]`));
      values.push(this.#slot(value, row, `.get(${step})`));
    }
    return [graph.MAP, keys, values];
  }

  #encodeArrayBuffer(buffer: ArrayBuffer, row: number): Row {
    try {
      const bytes = this.#attachments.add(buffer, 0, buffer.byteLength);
      return [graph.ARRAY_BUFFER, bytes, buffer.resizable ? buffer.maxByteLength : -1];
    } catch (cause) {
      // A detached ArrayBuffer says so only when it is used.
      throw new SerializationError(this.#pathOf(row), 'its memory was transferred away', { cause });
    }
  }

  /** A Buffer usually is a small part of a pool that is not its own: only its bytes travel. */
  #encodeView(view: ArrayBufferView, row: number): Row {
    const { buffer, byteOffset, byteLength } = view;
    const isBuffer = Buffer.isBuffer(view);
    if (isBuffer && byteLength !== buffer.byteLength) {
      return [graph.BUFFER, this.#attachments.add(buffer as ArrayBuffer, byteOffset, byteLength)];
    }
    const type = graph.VIEW_TYPES.indexOf(isBuffer ? 'Buffer' : nameOfView(view));
    return [graph.VIEW, type, this.#slot(buffer, row, '.buffer'), byteOffset, lengthOfView(view)];
  }

  /** serialize-error says which properties make up the error; their values travel like any other. */
  #encodeError(error: Error, row: number): Row {
    const keys = Object.keys(serializeError(error, { maxDepth: 1, useToJSON: false }));
    const values = this.#encodeProperties(error, keys, row);
    return [graph.ERROR, nameOfClass(error), keys.map(encodeString), values];
  }

  #encodeRecord(record: Record<string, unknown>, row: number): Row {
    const keys = Object.keys(record);
    if (keys.length === 0 && !isPlainObject(record)) {
      this.#refuse(row, '', `${describeInstance(record)} has no enumerable properties of its own that could travel`);
    }
    const values = this.#encodeProperties(record, keys, row);
    return [graph.OBJECT, this.#shape(keys), values];
  }

  #encodeProperties(owner: object, keys: readonly string[], row: number): Slot[] {
    return keys.map((key) => {
      let value: unknown;
      try {
        value = (owner as Record<string, unknown>)[key];
      } catch (cause) {
        return this.#refuse(row, formatKey(key), 'its getter throws', { cause });
      }
      return this.#slot(value, row, formatKey(key));
    });
  }

  /** Rows of a table have the same keys: each set of keys is sent once. */
  #shape(keys: readonly string[]): number {
    const signature = keys.join('\0');
    const known = this.#shapeOf.get(signature);
    if (known !== undefined && this.#shapes[known]?.length === keys.length && !hasSeparator(keys)) return known;
    const shape = this.#shapes.push(keys.map(encodeString)) - 1;
    this.#shapeOf.set(signature, shape);
    return shape;
  }

  #refuse(parent: number, step: string, reason: string, options?: { cause?: unknown }): Slot {
    const error = parent >= 0 && (this.#lenient[parent] === true || isError(this.#objects[parent] as object));
    if (error) return `[${reason}]`;
    throw new SerializationError(this.#pathOf(parent) + step, reason, options);
  }

  #pathOf(row: number): string {
    let path = '';
    for (let at = row; at >= 0; at = this.#parents[at] as number) path = this.#steps[at] + path;
    return this.#path + path;
  }
}

/** A string that UTF-8 or its decoders would change travels as its code units. */
function encodeString(value: string): Slot {
  if (value.isWellFormed() && value.charCodeAt(0) !== 0xfeff) return value;
  return [graph.UTF16, Buffer.from(value, 'utf16le')];
}

function hasSeparator(keys: readonly string[]): boolean {
  return keys.some((key) => key.includes('\0'));
}

function formatKey(key: string): string {
  if (/^[A-Za-z_$][\w$]*$/.test(key)) return `.${key}`;
  return /^\d+$/.test(key) ? `[${key}]` : `[${JSON.stringify(key)}]`;
}

function isError(value: object): value is Error {
  return types.isNativeError(value) || value instanceof Error || value instanceof DOMException;
}

/** Also true for the objects of another realm, whose `Object.prototype` is not ours. */
function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, 'isPrototypeOf'));
}

function isStream(value: object): boolean {
  return 'pipe' in value && typeof value.pipe === 'function' && 'on' in value && typeof value.on === 'function';
}

function nameOfClass(value: object): string {
  const constructor: unknown = value.constructor;
  return typeof constructor === 'function' ? constructor.name : '';
}

function describeInstance(value: object): string {
  return `an instance of ${nameOfClass(value) || 'a class without a name'}`;
}

function nameOfView(view: ArrayBufferView): (typeof graph.VIEW_TYPES)[number] {
  return (types.isDataView(view) ? 'DataView' : readTypedArrayName.call(view)) as (typeof graph.VIEW_TYPES)[number];
}

// The name survives subclasses and other realms, where the constructor does not.
const readTypedArrayName = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)
  ?.get as () => string;

/** Elements of an array, bytes of a DataView, or {@link graph.TRACKING}. */
function lengthOfView(view: ArrayBufferView): number {
  if ((view.buffer as ArrayBuffer).resizable && isTracking(view)) return graph.TRACKING;
  return types.isDataView(view) ? view.byteLength : (view as Uint8Array).length;
}

/** The only way to tell: growing the buffer grows the view. At the full length it makes no difference until it shrinks. */
function isTracking(view: ArrayBufferView): boolean {
  const buffer = view.buffer as ArrayBuffer;
  const { byteLength, maxByteLength } = buffer;
  const length = view.byteLength;
  if (byteLength === maxByteLength) return view.byteOffset + length === byteLength;
  buffer.resize(maxByteLength);
  const grown = view.byteLength !== length;
  buffer.resize(byteLength);
  return grown;
}

function describeUnsupported(value: unknown): string {
  if (typeof value === 'symbol') return 'symbols do not travel';
  const name = (value as { name?: unknown }).name;
  return `functions do not travel (${typeof name === 'string' && name !== '' ? name : 'anonymous'})`;
}

/** Why an object is nothing that `structuredClone` would take to another process; undefined if it is. */
function whyUnsupported(value: object): string | undefined {
  if (types.isProxy(value)) return 'a Proxy does not travel; send a copy of what it stands for';
  if (types.isSharedArrayBuffer(value) || (ArrayBuffer.isView(value) && types.isSharedArrayBuffer(value.buffer))) {
    return 'memory cannot be shared with another process; send a copy of the SharedArrayBuffer';
  }
  if (types.isSymbolObject(value)) return 'symbols do not travel';
  if (
    types.isPromise(value) ||
    types.isWeakMap(value) ||
    types.isWeakSet(value) ||
    types.isGeneratorObject(value) ||
    types.isModuleNamespaceObject(value) ||
    types.isArgumentsObject(value) ||
    types.isExternal(value)
  ) {
    return `${describeInstance(value)} (${Object.prototype.toString.call(value)}) has no form outside of its process`;
  }
  return undefined;
}
