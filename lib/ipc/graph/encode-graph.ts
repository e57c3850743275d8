import { types } from 'node:util';
import { serializeError } from 'serialize-error';
import { OmittedPartsError, SerializationError } from '../../errors.js';
import { RealDate } from '../../util/clock.js';
import type { AttachmentWriter } from '../attachments.js';
import { type Classifier, describePrimitive, isOutside, nameOfView, namesOfClasses } from '../classify.js';
import { bufferOf, byteLengthOf, byteOffsetOf, lengthOf, sizeOf } from '../memory-of.js';
import type { Cell, Graph, Row } from './graph.js';
import * as graph from './graph.js';
import { describeHandle, type HandlePart } from './handles.js';
import { encodePrimitive, encodeString, isSendableText, TOO_LONG } from './primitives.js';
import { ShapeTable } from './shape-table.js';

/**
 * Flattens a value into the table that `graph.ts` describes, with the semantics of `structuredClone`.
 *
 * @param path - the name of the value in error messages, as `args`.
 * @param classifier - decides how an object is sent, or why it cannot be.
 * @throws {@link SerializationError} that names the path of the part that cannot be sent.
 */
export function encodeGraph(
  value: unknown,
  path: string,
  attachments: AttachmentWriter,
  classifier: Classifier,
): Graph {
  return new GraphEncoder(path, attachments, classifier).encode(value);
}

/**
 * The limit for the parts of all errors in one value, in bytes; an {@link OmittedPartsError} stands for the rest.
 * Errors hold large objects for debuggers (requests, configurations, caches), and must arrive all the same.
 */
const MAX_ERROR_SIZE = 32 * 1024 * 1024;
/** The rough size of an object without its strings and bytes, and of each of its properties. */
const OBJECT_SIZE = 16;
const PROPERTY_SIZE = 8;
/** The parts that every error keeps, also beyond the limit. */
const VITAL_STEPS = new Set(['.name', '.message', '.stack', '.code']);

type BufferRow = Extract<Row, readonly [kind: typeof graph.ARRAY_BUFFER, ...unknown[]]>;

/** An object of the value. */
interface Node {
  readonly object: object;
  readonly kind: number;
  /** The row that refers to it, and how: for the path in errors. */
  readonly parent: number;
  readonly step: string;
  /** Whether only an error refers to it: then parts that cannot be sent are described instead of refused. */
  readonly lenient: boolean;
}

/** Visits the objects breadth first, so a deep value needs no deep stack. */
class GraphEncoder {
  readonly #path: string;
  readonly #attachments: AttachmentWriter;
  readonly #classify: Classifier;
  readonly #rowOf = new Map<object, number>();
  readonly #nodes: Node[] = [];
  readonly #shapes = new ShapeTable();
  /** The rows of buffers that the value holds not only through views. */
  #bareBuffers: number[] | undefined;
  #errorSize = 0;
  /** The row of the error that stands for omitted parts, and these parts. */
  #restRow = -1;
  readonly #omitted = new Set<unknown>();

  constructor(path: string, attachments: AttachmentWriter, classifier: Classifier) {
    this.#path = path;
    this.#attachments = attachments;
    this.#classify = classifier;
  }

  /** Errors come last: objects that other values refer to, too, are checked strictly first. */
  encode(value: unknown): Graph {
    const root = this.#cell(value, -1, '');
    const rows: Row[] = [];
    const errors: number[] = [];
    let row = 0;
    for (; row < this.#nodes.length; row++) {
      const node = this.#nodes[row] as Node;
      if (node.kind === graph.ERROR) errors.push(row);
      else rows[row] = this.#encodeNode(node, row);
    }
    for (const error of errors) rows[error] = this.#encodeNode(this.#nodes[error] as Node, error);
    for (; row < this.#nodes.length; row++) {
      if (row !== this.#restRow) rows[row] = this.#encodeNode(this.#nodes[row] as Node, row);
    }
    if (this.#restRow >= 0) rows[this.#restRow] = this.#encodeRest();
    for (const bare of this.#bareBuffers ?? []) {
      const [, bytes, maxByteLength] = rows[bare] as BufferRow;
      if (maxByteLength === graph.FIXED_BEHIND_VIEWS) rows[bare] = [graph.ARRAY_BUFFER, bytes, graph.FIXED];
    }
    return [this.#shapes.list, rows, root];
  }

  /** `step` is the part of the path between the parent and this value: `.name`, `[0]`, … */
  #cell(value: unknown, parent: number, step: string): Cell {
    switch (typeof value) {
      case 'object':
        return value === null ? null : this.#refer(value, parent, step);
      case 'function':
      case 'symbol':
        return this.#refuse(parent, step, describePrimitive(value));
      case 'string':
        return this.#encodeText(value, parent, step);
      default:
        return encodePrimitive(value);
    }
  }

  #encodeText(text: string, parent: number, step: string): Cell {
    if (this.#isLenient(parent)) {
      this.#errorSize += text.length;
      const isVital = VITAL_STEPS.has(step);
      if (this.#errorSize > MAX_ERROR_SIZE && text.length > OBJECT_SIZE && !isVital) return this.#omit(text);
    }
    return isSendableText(text) ? encodeString(text) : this.#refuse(parent, step, TOO_LONG);
  }

  /** Replaces a part of an error beyond the limit. */
  #omit(part: unknown): Cell {
    this.#omitted.add(part);
    if (this.#restRow < 0) {
      const rest = { object: this.#omitted, kind: graph.ERROR, parent: -1, step: '', lenient: true };
      this.#restRow = this.#nodes.push(rest) - 1;
    }
    return [this.#restRow];
  }

  #encodeRest(): Row {
    return this.#encodeError(new OmittedPartsError(this.#omitted.size, MAX_ERROR_SIZE), this.#restRow);
  }

  #refer(object: object, parent: number, step: string): Cell {
    const known = this.#rowOf.get(object);
    if (known !== undefined) {
      this.#noteReference(known, parent);
      return [known];
    }
    const kind = this.#classifySafely(object);
    if (typeof kind === 'string') return this.#refuse(parent, step, kind);
    const lenient = this.#isLenient(parent);
    // The memory of a view was counted with the view, which is useless without it.
    if (lenient && this.#nodes[parent]?.kind !== graph.VIEW) {
      this.#errorSize += OBJECT_SIZE + sizeOfBytes(object, kind);
      if (this.#errorSize > MAX_ERROR_SIZE) return this.#omit(object);
    }
    const row = this.#nodes.push({ object, kind, parent, step, lenient }) - 1;
    this.#rowOf.set(object, row);
    this.#noteReference(row, parent);
    return [row];
  }

  #noteReference(row: number, parent: number): void {
    if (this.#nodes[row]?.kind !== graph.ARRAY_BUFFER || this.#nodes[parent]?.kind === graph.VIEW) return;
    this.#bareBuffers ??= [];
    this.#bareBuffers.push(row);
  }

  /** A prototype or getter of the user may throw. */
  #classifySafely(object: object): number | string {
    try {
      return this.#classify(object);
    } catch {
      return 'it throws when it is read';
    }
  }

  #encodeNode({ object, kind }: Node, row: number): Row {
    switch (kind) {
      case graph.ARRAY:
        return this.#encodeArray(object as unknown[], row);
      case graph.MAP:
        return this.#encodeMap(object as Map<unknown, unknown>, row);
      case graph.SET:
        return [graph.SET, this.#encodeItems([...Set.prototype.values.call(object)], row, 'item ')];
      case graph.DATE:
        return [graph.DATE, RealDate.prototype.getTime.call(object)];
      case graph.REGEXP:
        return [graph.REGEXP, encodeString((object as RegExp).source), (object as RegExp).flags];
      case graph.BOXED:
        return [graph.BOXED, encodePrimitive(unbox(object))];
      case graph.ARRAY_BUFFER:
        return this.#encodeArrayBuffer(object as ArrayBuffer);
      case graph.VIEW:
        return this.#encodeView(object as ArrayBufferView, row);
      case graph.BUFFER:
        return this.#encodeBuffer(object as Buffer);
      case graph.ERROR:
        return this.#encodeError(object as Error, row);
      case graph.HANDLE:
        return [graph.HANDLE, describeHandle(object).map((part) => this.#encodeHandlePart(part))];
      default:
        return this.#encodeRecord(object, row);
    }
  }

  #encodeArray(array: readonly unknown[], row: number): Row {
    const keys = Object.keys(array);
    const dense = keys.length === array.length && (keys.length === 0 || keys.at(-1) === String(keys.length - 1));
    if (dense) return [graph.ARRAY, this.#encodeProperties(array, keys, row)];
    return [graph.SPARSE_ARRAY, array.length, keys.map(encodeString), this.#encodeProperties(array, keys, row)];
  }

  #encodeItems(items: readonly unknown[], row: number, name: string): Cell[] {
    return items.map((item, index) => this.#cell(item, row, `[${name}${index}]`));
  }

  #encodeMap(map: ReadonlyMap<unknown, unknown>, row: number): Row {
    const entries = [...(Map.prototype.entries.call(map) as MapIterator<[unknown, unknown]>)];
    const keys = this.#encodeItems(
      entries.map(([key]) => key),
      row,
      'key ',
    );
    const values = entries.map(([key, value], index) => {
      return this.#cell(value, row, typeof key === 'string' ? `.get(${JSON.stringify(key)})` : `[value ${index}]`);
    });
    return [graph.MAP, keys, values];
  }

  #encodeArrayBuffer(buffer: ArrayBuffer): Row {
    const bytes = this.#attachments.add(buffer, 0, sizeOf(buffer));
    return [graph.ARRAY_BUFFER, bytes, buffer.resizable ? buffer.maxByteLength : graph.FIXED_BEHIND_VIEWS];
  }

  #encodeHandlePart(part: HandlePart): Cell {
    if (typeof part !== 'function') return encodePrimitive(part);
    const { buffer, byteOffset, byteLength } = part();
    return [graph.BYTES, this.#attachments.add(buffer as ArrayBuffer, byteOffset, byteLength)];
  }

  #encodeView(view: ArrayBufferView, row: number): Row {
    const type = graph.VIEW_TYPES.indexOf(nameOfView(view));
    return [graph.VIEW, type, this.#cell(bufferOf(view), row, '.buffer'), byteOffsetOf(view), lengthOfView(view)];
  }

  #encodeBuffer(buffer: Buffer): Row {
    const memory = bufferOf(buffer) as ArrayBuffer;
    return [graph.BUFFER, this.#attachments.add(memory, byteOffsetOf(buffer), byteLengthOf(buffer))];
  }

  #encodeError(error: Error, row: number): Row {
    const keys = listErrorKeys(error);
    const inherited = keys.filter((key) => !Object.hasOwn(error, key));
    const visible = keys.filter((key) => Object.prototype.propertyIsEnumerable.call(error, key));
    const hidden = keys.filter((key) => !inherited.includes(key) && !visible.includes(key));
    const sorted = [...inherited, ...hidden, ...visible];
    const values = this.#encodeProperties(error, sorted, row);
    const hiddenCount = inherited.length + hidden.length;
    return [graph.ERROR, namesOfClasses(error), sorted.map(encodeString), values, inherited.length, hiddenCount];
  }

  #encodeRecord(record: object, row: number): Row {
    const keys = Object.keys(record);
    return [graph.OBJECT, this.#shapes.add(keys), this.#encodeProperties(record, keys, row)];
  }

  /** A getter runs once, here: the value that it returns is sent. */
  #encodeProperties(owner: object, keys: readonly string[], row: number): Cell[] {
    if (this.#isLenient(row)) this.#errorSize += keys.length * PROPERTY_SIZE;
    return keys.map((key) => {
      let value: unknown;
      try {
        value = (owner as Record<string, unknown>)[key];
      } catch (cause) {
        return this.#refuse(row, formatKey(key), 'its getter throws', { cause });
      }
      return this.#cell(value, row, formatKey(key));
    });
  }

  #isLenient(parent: number): boolean {
    const node = this.#nodes[parent];
    return node !== undefined && (node.lenient || node.kind === graph.ERROR);
  }

  #refuse(parent: number, step: string, reason: string, options?: { cause?: unknown }): Cell {
    if (this.#isLenient(parent)) return encodeString(`[${reason}]`);
    throw new SerializationError(this.#pathOf(parent) + step, reason, options);
  }

  #pathOf(row: number): string {
    const steps: string[] = [];
    for (let node = this.#nodes[row]; node !== undefined; node = this.#nodes[node.parent]) steps.push(node.step);
    const path = this.#path + steps.reverse().join('');
    // For a value without a name, the path starts at its property: `args[0]`, not `.args[0]`.
    return path.startsWith('.') ? path.slice(1) : path;
  }
}

/** The properties that serialize-error skips if their getter throws. */
const SKIPPED = ['name', 'message', 'stack', 'code', 'cause', 'errors'];

/** serialize-error decides which properties make up an error. If it cannot read one, all are taken. */
function listErrorKeys(error: Error): string[] {
  const unreadable = SKIPPED.filter((key) => !isReadable(error, key));
  try {
    return [...unreadable, ...Object.keys(serializeError(error, { maxDepth: 1, useToJSON: false }))];
  } catch {
    return [...new Set(['name', 'message', 'stack', ...Object.getOwnPropertyNames(error)])];
  }
}

function isReadable(owner: object, key: string): boolean {
  try {
    void (owner as Record<string, unknown>)[key];
    return true;
  } catch {
    return false;
  }
}

function sizeOfBytes(object: object, kind: number): number {
  if (kind === graph.VIEW) return sizeOf(bufferOf(object as ArrayBufferView));
  if (kind === graph.BUFFER) return byteLengthOf(object as Buffer);
  return kind === graph.ARRAY_BUFFER ? sizeOf(object as ArrayBuffer) : 0;
}

/** Elements of a typed array, bytes of a DataView, or `TRACKING` for a view that follows its resizable buffer. */
function lengthOfView(view: ArrayBufferView): number {
  if ((bufferOf(view) as ArrayBuffer).resizable && isTracking(view)) return graph.TRACKING;
  return lengthOf(view);
}

const LARGEST_ELEMENT = 8;

/** Only resizing the buffer shows it. A copy is resized, because other code may be using the memory. */
function isTracking(view: ArrayBufferView): boolean {
  const copy = structuredClone(view);
  const buffer = copy.buffer as ArrayBuffer;
  const { byteOffset } = copy;
  if (copy.byteLength > 0) {
    buffer.resize(byteOffset);
    return !isOutside(copy);
  }
  buffer.resize(Math.min(buffer.maxByteLength, byteOffset + LARGEST_ELEMENT));
  return copy.byteLength > 0;
}

/** The user may have redefined `valueOf`. */
function unbox(boxed: object): unknown {
  if (types.isNumberObject(boxed)) return Number.prototype.valueOf.call(boxed);
  if (types.isStringObject(boxed)) return String.prototype.valueOf.call(boxed);
  if (types.isBooleanObject(boxed)) return Boolean.prototype.valueOf.call(boxed);
  return BigInt.prototype.valueOf.call(boxed);
}

function formatKey(key: string): string {
  if (/^[A-Za-z_$][\w$]*$/.test(key)) return `.${key}`;
  return /^\d+$/.test(key) ? `[${key}]` : `[${JSON.stringify(key)}]`;
}
