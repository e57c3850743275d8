import { types } from 'node:util';
import { serializeError } from 'serialize-error';
import { OmittedPartsError, SerializationError } from '../errors.js';
import { RealDate } from '../util/clock.js';
import type { AttachmentWriter } from './attachments.js';
import { type Classifier, describePrimitive, nameOfView, namesOfClasses } from './classify.js';
import type { Graph, Row, Slot } from './graph.js';
import * as graph from './graph.js';
import { describeHandle } from './handles.js';
import { ShapeTable } from './shape-table.js';
import { encodePrimitive, encodeString, isSendableText, TOO_LONG } from './slot.js';
import { lengthOfView } from './view-length.js';

/**
 * Flattens a value into the table that `graph.ts` describes, as `structuredClone` would see the value.
 *
 * @param path - what the value is called in messages, as `args`.
 * @param classifier - says what an object travels as, or why it cannot.
 * @throws {@link SerializationError} naming the path of the part that cannot travel.
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
 * How much the parts of errors in one value may take, in bytes; an {@link OmittedPartsError} stands for the rest. Errors
 * drag along what only debuggers want (requests, configurations, caches), and must arrive all the same.
 */
const MAX_ERROR_SIZE = 32 * 1024 * 1024;
/** What an object takes beside its strings and bytes, and what each of its properties takes; roughly. */
const OBJECT_SIZE = 16;
const PROPERTY_SIZE = 8;
/** What an error always has, however much came before it. */
const VITAL_STEPS = new Set(['.name', '.message', '.stack']);

/** An object of the value. */
interface Node {
  readonly object: object;
  readonly kind: number;
  /** The row that led to it and how, to name its path when something is wrong. */
  readonly parent: number;
  readonly step: string;
  /** Whether only an error led to it: then what cannot travel is described instead of refused. */
  readonly lenient: boolean;
}

/** Works through the objects breadth first, so a deep value needs no deep stack. */
class GraphEncoder {
  readonly #path: string;
  readonly #attachments: AttachmentWriter;
  readonly #classify: Classifier;
  readonly #rowOf = new Map<object, number>();
  readonly #nodes: Node[] = [];
  readonly #shapes = new ShapeTable();
  #errorSize = 0;
  /** The row of what stands for the rest, and the parts that it stands for. */
  #restRow = -1;
  readonly #omitted = new Set<unknown>();

  constructor(path: string, attachments: AttachmentWriter, classifier: Classifier) {
    this.#path = path;
    this.#attachments = attachments;
    this.#classify = classifier;
  }

  /** Errors come last, so that what is also reached without one has been looked at strictly by then. */
  encode(value: unknown): Graph {
    const root = this.#slot(value, -1, '');
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
    return [this.#shapes.list, rows, root];
  }

  /** `step` is how a path goes from the parent to this value: `.name`, `[0]`, … */
  #slot(value: unknown, parent: number, step: string): Slot {
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

  #encodeText(text: string, parent: number, step: string): Slot {
    if (this.#isLenient(parent)) {
      this.#errorSize += text.length;
      const isVital = VITAL_STEPS.has(step);
      if (this.#errorSize > MAX_ERROR_SIZE && text.length > OBJECT_SIZE && !isVital) return this.#omit(text);
    }
    return isSendableText(text) ? encodeString(text) : this.#refuse(parent, step, TOO_LONG);
  }

  /** In the place of a part of an error that is beyond the limit. */
  #omit(part: unknown): Slot {
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

  #refer(object: object, parent: number, step: string): Slot {
    const known = this.#rowOf.get(object);
    if (known !== undefined) return [known];
    const kind = this.#classifySafely(object);
    if (typeof kind === 'string') return this.#refuse(parent, step, kind);
    const lenient = this.#isLenient(parent);
    // The memory of a view was counted with the view, which is nothing without it.
    if (lenient && this.#nodes[parent]?.kind !== graph.VIEW) {
      this.#errorSize += OBJECT_SIZE + sizeOfBytes(object, kind);
      if (this.#errorSize > MAX_ERROR_SIZE) return this.#omit(object);
    }
    const row = this.#nodes.push({ object, kind, parent, step, lenient }) - 1;
    this.#rowOf.set(object, row);
    return [row];
  }

  /** A prototype or getter of the user's may throw when it is looked at. */
  #classifySafely(object: object): number | string {
    try {
      return this.#classify(object);
    } catch {
      return 'it throws when it is looked at';
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
        return [graph.HANDLE, describeHandle(object).map(encodePrimitive)];
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

  #encodeItems(items: readonly unknown[], row: number, name: string): Slot[] {
    return items.map((item, index) => this.#slot(item, row, `[${name}${index}]`));
  }

  #encodeMap(map: ReadonlyMap<unknown, unknown>, row: number): Row {
    const entries = [...(Map.prototype.entries.call(map) as MapIterator<[unknown, unknown]>)];
    const keys = this.#encodeItems(
      entries.map(([key]) => key),
      row,
      'key ',
    );
    const values = entries.map(([key, value], index) => {
      return this.#slot(value, row, typeof key === 'string' ? `.get(${JSON.stringify(key)})` : `[value ${index}]`);
    });
    return [graph.MAP, keys, values];
  }

  #encodeArrayBuffer(buffer: ArrayBuffer): Row {
    const bytes = this.#attachments.add(buffer, 0, buffer.byteLength);
    return [graph.ARRAY_BUFFER, bytes, buffer.resizable ? buffer.maxByteLength : -1];
  }

  #encodeView(view: ArrayBufferView, row: number): Row {
    const type = graph.VIEW_TYPES.indexOf(nameOfView(view));
    return [graph.VIEW, type, this.#slot(view.buffer, row, '.buffer'), view.byteOffset, lengthOfView(view)];
  }

  #encodeBuffer(buffer: Buffer): Row {
    const { buffer: memory, byteOffset, byteLength } = buffer;
    return [graph.BUFFER, this.#attachments.add(memory as ArrayBuffer, byteOffset, byteLength)];
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

  /** A getter runs here, once: what it returns now is what travels. */
  #encodeProperties(owner: object, keys: readonly string[], row: number): Slot[] {
    if (this.#isLenient(row)) this.#errorSize += keys.length * PROPERTY_SIZE;
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

  #isLenient(parent: number): boolean {
    const node = this.#nodes[parent];
    return node !== undefined && (node.lenient || node.kind === graph.ERROR);
  }

  #refuse(parent: number, step: string, reason: string, options?: { cause?: unknown }): Slot {
    if (this.#isLenient(parent)) return encodeString(`[${reason}]`);
    throw new SerializationError(this.#pathOf(parent) + step, reason, options);
  }

  #pathOf(row: number): string {
    const steps: string[] = [];
    for (let node = this.#nodes[row]; node !== undefined; node = this.#nodes[node.parent]) steps.push(node.step);
    const path = this.#path + steps.reverse().join('');
    // A value without a name of its own is known by its properties: `args[0]`, not `.args[0]`.
    return path.startsWith('.') ? path.slice(1) : path;
  }
}

/** What makes up an error is for serialize-error to say; only if a property can't be read all are taken. */
function listErrorKeys(error: Error): string[] {
  try {
    return Object.keys(serializeError(error, { maxDepth: 1, useToJSON: false }));
  } catch {
    return [...new Set(['name', 'message', 'stack', ...Object.getOwnPropertyNames(error)])];
  }
}

function sizeOfBytes(object: object, kind: number): number {
  if (kind === graph.VIEW) return (object as ArrayBufferView).buffer.byteLength;
  return kind === graph.BUFFER || kind === graph.ARRAY_BUFFER ? (object as Buffer | ArrayBuffer).byteLength : 0;
}

/** `valueOf` may be the user's own. */
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
