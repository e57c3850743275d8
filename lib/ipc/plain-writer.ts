import { types } from 'node:util';
import { RealDate } from '../util/clock.js';
import { MIN_ATTACHMENT } from './attachments.js';
import { hasNamedProperties } from './named-properties.js';
import { RecordShapes, type Shape } from './record-shapes.js';
import { SeenObjects } from './seen-objects.js';
import { Writer } from './writer.js';

/** Deeper trees are flattened, so that neither side's recursion is at the mercy of a value. */
const MAX_DEPTH = 100;
/** Records from here on have numbers of two bytes. */
const ONE_BYTE_RECORDS = 32;

const objectPrototype = Object.prototype;

/**
 * Writes plain trees, and tells them from everything else on the way.
 *
 * msgpack carries a plain tree as it is: numbers, strings, booleans, null, undefined, 64-bit integers, valid dates,
 * small Buffers, arrays without holes, maps, sets and plain objects, none of them twice. Whatever it would lose or change
 * silently (`-0`, holes, shared references, cycles, class instances, lone surrogates, functions, …) is not plain and takes
 * the way through `graph.ts`. Each part is looked at once, so what a getter gives is what is sent.
 */
export class PlainWriter extends Writer {
  readonly #shapes = new RecordShapes();
  readonly #seen = new SeenObjects();

  /** For a frame that is read by another decoder than those before it. */
  forgetShapes(): void {
    this.#shapes.clear();
  }

  /**
   * @returns false if the value is not plain; nothing is written then.
   */
  writePlain(value: unknown): boolean {
    return this.#attempt(value, false);
  }

  /** The same for the arguments of a task: only the elements count, as a call would take them. */
  writeArguments(args: readonly unknown[]): boolean {
    return this.#attempt(args, true);
  }

  #attempt(value: unknown, isArguments: boolean): boolean {
    const { size } = this;
    const shapes = this.#shapes;
    shapes.makeRoom();
    const known = shapes.count;
    let done = false;
    try {
      if (isPolluted()) return false;
      done = isArguments ? this.#writeItems(value as readonly unknown[], 0) : this.#write(value, 0);
    } catch {
      // What cannot be read is named by the way through `graph.ts`.
    }
    this.#seen.clear();
    if (!done) {
      this.rewind(size);
      shapes.truncate(known);
    }
    return done;
  }

  #write(value: unknown, depth: number): boolean {
    switch (typeof value) {
      case 'string':
        return this.writeText(value);
      case 'number':
        if (value === 0 && Object.is(value, -0)) return false;
        this.writeNumber(value);
        return true;
      case 'object':
        if (value !== null) return this.#writeObject(value, depth);
        this.writeByte(0xc0);
        return true;
      case 'boolean':
        this.writeByte(value ? 0xc3 : 0xc2);
        return true;
      case 'undefined':
        this.writeUndefined();
        return true;
      case 'bigint':
        if (BigInt.asIntN(64, value) !== value) return false;
        this.writeBigInt(value);
        return true;
      default:
        return false;
    }
  }

  #writeObject(value: object, depth: number): boolean {
    if (depth > MAX_DEPTH || this.#seen.add(value) || types.isProxy(value)) return false;
    if (Array.isArray(value)) return !hasNamedProperties(value) && this.#writeItems(value, depth);
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === objectPrototype) return this.#writeRecord(value as Record<string, unknown>, depth);
    if (prototype === null) {
      return !types.isModuleNamespaceObject(value) && this.#writeRecord(value as Record<string, unknown>, depth);
    }
    return this.#writeInstance(value, prototype, depth);
  }

  #writeInstance(value: object, prototype: unknown, depth: number): boolean {
    switch (prototype) {
      case RealDate.prototype:
        return types.isDate(value) && this.#writeTime(RealDate.prototype.getTime.call(value));
      case Buffer.prototype:
        return this.#writeBuffer(value as Buffer);
      case Map.prototype:
        return types.isMap(value) && this.#writeMap(value, depth);
      case Set.prototype:
        return types.isSet(value) && this.#writeSet(value, depth);
      default:
        return false;
    }
  }

  #writeRecord(record: Record<string, unknown>, depth: number): boolean {
    const shapes = this.#shapes;
    let shape = shapes.root;
    for (const key in record) {
      const next = key === shape.nextKey ? shape.next : shapes.extend(shape, key);
      if (next === undefined) return false;
      shape = next;
    }
    if (shape.size === 0 && (types.isArgumentsObject(record) || types.isExternal(record))) return false;
    if (shape.id >= 0) this.#writeRecordId(shape.id);
    else if (!this.#define(shape, record)) return false;
    const { keys } = shape;
    let index = 0;
    for (const key in record) {
      // A getter may add and remove properties.
      if (key !== keys[index++] || !this.#write(record[key], depth + 1)) return false;
    }
    return index === keys.length;
  }

  #define(shape: Shape, record: object): boolean {
    if (!this.#shapes.define(shape, record)) return false;
    // An extension of type 'r', followed by the keys.
    this.writeByte(shape.id < ONE_BYTE_RECORDS ? 0xd4 : 0xd5);
    this.writeByte(0x72);
    this.#writeRecordId(shape.id);
    this.writeListHeader(shape.size);
    for (const key of shape.keys) this.writeText(key);
    return true;
  }

  #writeRecordId(id: number): void {
    if (id < ONE_BYTE_RECORDS) return this.writeByte(0x40 + id);
    this.writeByte(0x60 + (id & 31));
    this.writeByte((id >>> 5) - 1);
  }

  #writeItems(items: readonly unknown[], depth: number): boolean {
    const { length } = items;
    this.writeListHeader(length);
    for (let index = 0; index < length; index++) {
      const item = items[index];
      // Long arrays mostly hold numbers, which would be boxed for a call.
      if (typeof item === 'number' && item !== 0) this.writeNumber(item);
      else if ((item === undefined && !(index in items)) || !this.#write(item, depth + 1)) return false;
    }
    return items.length === length;
  }

  /** A map may hide its entries, and getters may change it. */
  #writeMap(map: ReadonlyMap<unknown, unknown>, depth: number): boolean {
    const { size } = map;
    let count = 0;
    this.writeHead(0x80, 0xde, size);
    for (const [key, value] of map) {
      count++;
      if (!this.#write(key, depth + 1) || !this.#write(value, depth + 1)) return false;
    }
    return count === size;
  }

  #writeSet(set: ReadonlySet<unknown>, depth: number): boolean {
    const items = [...set];
    // An extension of type 's', followed by the items.
    this.writeByte(0xd4);
    this.writeByte(0x73);
    this.writeByte(0);
    return items.length === set.size && this.#writeItems(items, depth);
  }

  #writeTime(time: number): boolean {
    if (Number.isNaN(time)) return false;
    this.writeDate(time);
    return true;
  }

  /** Bytes that the frame carries are read as a Buffer with memory of its own. None may mean: transferred away. */
  #writeBuffer(value: Buffer): boolean {
    if (!types.isUint8Array(value) || !types.isArrayBuffer(value.buffer)) return false;
    const { byteLength } = value;
    if (byteLength === 0 || byteLength >= MIN_ATTACHMENT) return false;
    this.writeBytes(value);
    return true;
  }

  /**
   * Writes a tuple with a value of the user's at its end, or none if `index` is 0.
   *
   * @returns false if the value is not plain.
   */
  writeMessage(message: readonly unknown[], index: number): boolean {
    this.writeListHeader(message.length);
    for (let at = 0; at < (index || message.length); at++) this.writeOwn(message[at]);
    return index === 0 || this.writePlain(message[index]);
  }

  /** Writes what this package has made itself: nothing needs to be looked for. */
  writeOwn(value: unknown): void {
    if (Array.isArray(value)) {
      this.writeListHeader(value.length);
      for (const item of value) this.writeOwn(item);
    } else if (types.isUint8Array(value)) this.writeBytes(value);
    else this.#write(value, 0);
  }
}

/** What a program has added to the prototype of all objects would be taken for a part of each. */
function isPolluted(): boolean {
  for (const _ in objectPrototype) return true;
  return false;
}
