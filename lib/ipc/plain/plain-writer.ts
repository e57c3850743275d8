import { types } from 'node:util';
import { RealDate } from '../../util/clock.js';
import { MIN_ATTACHMENT } from '../attachments.js';
import { HANDLE, type Handle, type HandleParts, isHandle, isHandleMemory, PLAIN_HANDLE } from '../graph/handles.js';
import { SeenObjects } from '../graph/seen-objects.js';
import { hasNamedProperties } from '../named-properties.js';
import { RecordShapes, type Shape } from './record-shapes.js';
import { SHORT_TEXT, Writer } from './writer.js';

/** Deeper trees are sent as graphs, so that no value decides the depth of a recursion. */
const MAX_DEPTH = 100;
/** Enough for a short text, or any other token without the content of its value. */
const TOKEN_ROOM = 32;
/** Records from here on have numbers of two bytes. */
const ONE_BYTE_RECORDS = 32;

const objectPrototype = Object.prototype;

/**
 * Writes plain trees, and detects all other values on the way.
 *
 * msgpack keeps a plain tree unchanged: numbers, strings, booleans, null, undefined, 64-bit integers, valid dates,
 * small Buffers, arrays without holes, maps, sets, plain objects and handles, none of them twice. Values that it would lose or
 * change silently (`-0`, holes, shared references, cycles, class instances, lone surrogates, functions, …) are not
 * plain and are sent as graphs, see `graph.ts`. Each part is read once, so the value that a getter returns is the value
 * that is sent.
 */
export class PlainWriter extends Writer {
  private readonly shapes = new RecordShapes();
  private readonly seen = new SeenObjects();
  readonly #writesHandles: boolean;
  /** The last handle in the frame so far, and its object. */
  private lastHandle: HandleParts | undefined;
  private lastObject: object | undefined;

  /** @param writesHandles - whether handles count as plain, of which the classifier is not asked. */
  constructor(writesHandles: boolean) {
    super();
    this.#writesHandles = writesHandles;
  }

  /** Must precede a frame for another decoder than that of the frames before. */
  forgetShapes(): void {
    this.shapes.clear();
  }

  override takeFrame(kind: number): Buffer {
    this.#forgetHandle();
    return super.takeFrame(kind);
  }

  /** @returns false if the value is not plain; nothing is written then. */
  writePlain(value: unknown): boolean {
    return this.#attempt(value, false);
  }

  /** The same for the arguments of a task, of which a call takes only the elements. */
  writeArguments(args: readonly unknown[]): boolean {
    return this.#attempt(args, true);
  }

  #attempt(value: unknown, isArguments: boolean): boolean {
    const { size } = this;
    const shapes = this.shapes;
    shapes.makeRoom();
    const known = shapes.count;
    let done = false;
    try {
      if (isPolluted()) return false;
      done = isArguments ? this.writeItems(value as readonly unknown[], 0) : this.write(value, 0);
    } catch {
      // The graph encoder reads the value again and names the part that throws.
    }
    this.seen.clear();
    if (!done) {
      this.rewind(size);
      shapes.truncate(known);
      this.#forgetHandle();
    }
    return done;
  }

  /**
   * Writes one part and all of its parts. This is one large function on purpose, without private names: V8 copies small
   * functions into their callers, and functions that call each other into each other. Compiling these copies took ten times
   * as long as sending the first hundred records, in each process.
   */
  private write(value: unknown, depth: number): boolean {
    if (this.position + TOKEN_ROOM > this.bytes.length) this.grow(TOKEN_ROOM);
    const { bytes, position } = this;
    switch (typeof value) {
      case 'string': {
        const { length } = value;
        if (length > SHORT_TEXT) return this.writeLongText(value);
        bytes[position] = 0xa0 | length;
        for (let index = 0, to = position + 1; index < length; index++, to++) {
          const code = value.charCodeAt(index);
          if (code > 0x7f) return this.writeLongText(value);
          bytes[to] = code;
        }
        this.position = position + 1 + length;
        return true;
      }
      case 'number':
        if ((value | 0) !== value) {
          bytes[position] = 0xcb;
          this.view.setFloat64(position + 1, value);
          this.position = position + 9;
        } else if (value < 0x40 && value >= -0x20) {
          if (value === 0 && Object.is(value, -0)) return false;
          bytes[position] = value;
          this.position = position + 1;
        } else if (value > 0 && value < 0x10000) {
          bytes[position] = 0xcd;
          bytes[position + 1] = value >>> 8;
          bytes[position + 2] = value;
          this.position = position + 3;
        } else {
          bytes[position] = 0xd2;
          this.view.setInt32(position + 1, value);
          this.position = position + 5;
        }
        return true;
      case 'boolean':
        bytes[position] = value ? 0xc3 : 0xc2;
        this.position = position + 1;
        return true;
      case 'object':
        break;
      default:
        return this.writeRare(value);
    }
    if (value === null) {
      bytes[position] = 0xc0;
      this.position = position + 1;
      return true;
    }
    if (depth > MAX_DEPTH || this.seen.add(value)) return false;
    // Saves the checks of what it is.
    if (value === this.lastObject) return this.writeHandle(value as Handle);
    if (types.isProxy(value)) return false;
    if (Array.isArray(value)) return !hasNamedProperties(value) && this.writeItems(value, depth);
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== objectPrototype && (prototype !== null || types.isModuleNamespaceObject(value)))
      return this.writeInstance(value, prototype, depth);
    const record = value as Record<string, unknown>;
    const { shapes } = this;
    let shape = shapes.root;
    for (const key in record) {
      const next = key === shape.nextKey ? shape.next : shapes.extend(shape, key);
      if (next === undefined) return false;
      shape = next;
    }
    if (shape.size === 0 && (types.isArgumentsObject(record) || types.isExternal(record))) return false;
    if (shape.id < 0) {
      if (!this.define(shape, record)) return false;
    } else if (shape.id < ONE_BYTE_RECORDS) {
      bytes[position] = 0x40 + shape.id;
      this.position = position + 1;
    } else this.writeRecordId(shape.id);
    const { keys } = shape;
    let index = 0;
    for (const key in record) {
      // A getter may have added or removed properties.
      if (key !== keys[index++] || !this.write(record[key], depth + 1)) return false;
    }
    return index === keys.length;
  }

  private writeRare(value: unknown): boolean {
    if (value === undefined) this.writeUndefined();
    else if (typeof value === 'bigint' && BigInt.asIntN(64, value) === value) this.writeBigInt(value);
    else return false;
    return true;
  }

  private writeInstance(value: object, prototype: unknown, depth: number): boolean {
    switch (prototype) {
      case RealDate.prototype:
        return types.isDate(value) && this.writeTime(RealDate.prototype.getTime.call(value));
      case Buffer.prototype:
        return this.writeBuffer(value as Buffer);
      case Map.prototype:
        return types.isMap(value) && this.writeMap(value, depth);
      case Set.prototype:
        return types.isSet(value) && this.writeSet(value, depth);
      default:
        return this.#writesHandles && isHandle(value) && this.writeHandle(value);
    }
  }

  /** Tasks that come together often share a handle: it is written once in a frame, and `null` for each repetition. */
  private writeHandle(value: Handle): boolean {
    const parts = value[HANDLE]();
    this.writeMark(PLAIN_HANDLE);
    if (parts === this.lastHandle) {
      this.writeByte(0xc0);
      return true;
    }
    this.writeListHeader(parts.length);
    // Bytes, which are not plain, are still functions here.
    if (!parts.every((part) => this.write(part, 0))) return false;
    this.lastHandle = parts;
    this.lastObject = value;
    return true;
  }

  #forgetHandle(): void {
    this.lastHandle = undefined;
    this.lastObject = undefined;
  }

  private define(shape: Shape, record: object): boolean {
    if (!this.shapes.define(shape, record)) return false;
    // An extension of type 'r', followed by the keys.
    this.writeByte(shape.id < ONE_BYTE_RECORDS ? 0xd4 : 0xd5);
    this.writeByte(0x72);
    this.writeRecordId(shape.id);
    this.writeListHeader(shape.size);
    for (const key of shape.keys) this.write(key, 0);
    return true;
  }

  private writeRecordId(id: number): void {
    if (id < ONE_BYTE_RECORDS) return this.writeByte(0x40 + id);
    this.writeByte(0x60 + (id & 31));
    this.writeByte((id >>> 5) - 1);
  }

  private writeItems(items: readonly unknown[], depth: number): boolean {
    const { length } = items;
    this.writeListHeader(length);
    for (let index = 0; index < length; index++) {
      const item = items[index];
      // Long arrays mostly hold numbers, which a call would box.
      if (typeof item === 'number' && item !== 0) this.writeNumber(item);
      else if ((item === undefined && !(index in items)) || !this.write(item, depth + 1)) return false;
    }
    return items.length === length;
  }

  /** A subclass may hide entries of a map, and getters may change it. */
  private writeMap(map: ReadonlyMap<unknown, unknown>, depth: number): boolean {
    const { size } = map;
    let count = 0;
    this.writeHead(0x80, 0xde, size);
    for (const [key, value] of map) {
      count++;
      if (!this.write(key, depth + 1) || !this.write(value, depth + 1)) return false;
    }
    return count === size;
  }

  private writeSet(set: ReadonlySet<unknown>, depth: number): boolean {
    const items = [...set];
    // An extension of type 's', followed by the items.
    this.writeMark(0x73);
    return items.length === set.size && this.writeItems(items, depth);
  }

  private writeTime(time: number): boolean {
    if (Number.isNaN(time)) return false;
    this.writeDate(time);
    return true;
  }

  /**
   * The decoder makes a Buffer with memory of its own from bytes in the frame. An empty Buffer may be a detached one.
   */
  private writeBuffer(value: Buffer): boolean {
    if (!types.isUint8Array(value) || !types.isArrayBuffer(value.buffer) || isHandleMemory(value.buffer)) return false;
    const { byteLength } = value;
    if (byteLength === 0 || byteLength >= MIN_ATTACHMENT) return false;
    this.writeBytes(value);
    return true;
  }

  /**
   * Writes a tuple that ends with a value of the user; with none if `index` is 0.
   *
   * @returns false if the value is not plain.
   */
  writeMessage(message: readonly unknown[], index: number): boolean {
    this.writeListHeader(message.length);
    for (let at = 0; at < (index || message.length); at++) this.writeOwn(message[at]);
    return index === 0 || this.writePlain(message[index]);
  }

  /** Writes a value that this package made itself, without checks. */
  writeOwn(value: unknown): void {
    if (Array.isArray(value)) {
      this.writeListHeader(value.length);
      for (const item of value) this.writeOwn(item);
    } else if (types.isUint8Array(value)) this.writeBytes(value);
    else this.write(value, 0);
  }
}

/** Properties that a program added to `Object.prototype` would be taken for parts of each object. */
function isPolluted(): boolean {
  for (const _ in objectPrototype) return true;
  return false;
}
