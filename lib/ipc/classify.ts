import { types } from 'node:util';
import { MAX_FRAME } from './frame.js';
import * as graph from './graph.js';
import { isHandle } from './handles.js';

/** Says what an object travels as, as {@link classify} does. */
export type Classifier = (value: object) => number | string;

/**
 * What an object is, or why it cannot travel.
 *
 * Objects are told apart by what they are, not by their constructor: those of another realm (Jest's, `node:vm`) have
 * other constructors.
 *
 * @returns the kind of row it makes in a graph, or the reason why it makes none.
 */
export function classify(value: object): number | string {
  if (types.isProxy(value)) return 'a Proxy does not travel; send a copy of what it stands for';
  if (Array.isArray(value)) return graph.ARRAY;
  if (Object.getPrototypeOf(value) === Object.prototype) return classifyRecord(value);
  if (isHandle(value)) return graph.HANDLE;
  if (isError(value)) return graph.ERROR;
  if (types.isMap(value)) return graph.MAP;
  if (types.isSet(value)) return graph.SET;
  if (types.isDate(value)) return graph.DATE;
  if (types.isRegExp(value)) return graph.REGEXP;
  if (types.isAnyArrayBuffer(value)) return whyUnfitMemory(value) ?? graph.ARRAY_BUFFER;
  if (ArrayBuffer.isView(value)) return classifyView(value);
  if (types.isSymbolObject(value)) return 'symbols do not travel';
  if (types.isBoxedPrimitive(value)) return graph.BOXED;
  if (isBoundToProcess(value)) return `${describeInstance(value)} has no form outside of its process`;
  if (isPlain(value) || Object.keys(value).length > 0) return graph.OBJECT;
  return `${describeInstance(value)} has no enumerable properties of its own that could travel`;
}

/** Most objects are records: the many questions above are not asked for them. */
function classifyRecord(value: object): number | string {
  const bound = types.isArgumentsObject(value) || types.isExternal(value);
  return bound ? `${describeInstance(value)} has no form outside of its process` : graph.OBJECT;
}

function isError(value: object): value is Error {
  return types.isNativeError(value) || value instanceof Error || value instanceof DOMException;
}

/** Also true for the records of another realm, whose `Object.prototype` is not ours. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return (
    prototype === null ||
    (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, 'isPrototypeOf'))
  );
}

function isBoundToProcess(value: object): boolean {
  return (
    types.isPromise(value) ||
    types.isWeakMap(value) ||
    types.isWeakSet(value) ||
    types.isGeneratorObject(value) ||
    types.isModuleNamespaceObject(value) ||
    types.isArgumentsObject(value) ||
    types.isExternal(value) ||
    isStream(value)
  );
}

function isStream(value: object): boolean {
  return 'pipe' in value && typeof value.pipe === 'function' && 'on' in value && typeof value.on === 'function';
}

/** A Buffer usually is a small part of a pool that is not its own: only its bytes travel. */
function classifyView(view: ArrayBufferView): number | string {
  const reason = whyUnfitMemory(view.buffer);
  if (reason !== undefined) return reason;
  if (Buffer.isBuffer(view)) return graph.BUFFER;
  if (!graph.VIEW_TYPES.includes(nameOfView(view))) return `there is no ${nameOfView(view)} in this version`;
  return isOutside(view) ? 'it lies outside of its ArrayBuffer, which was resized' : graph.VIEW;
}

function whyUnfitMemory(buffer: ArrayBufferLike): string | undefined {
  if (types.isSharedArrayBuffer(buffer)) {
    return 'memory cannot be shared with another process; send a copy of the SharedArrayBuffer';
  }
  if (isDetached(buffer as ArrayBuffer)) return 'its memory was transferred away';
  if (buffer.byteLength > MAX_FRAME) return `${buffer.byteLength} bytes are more than ${MAX_FRAME}, send it in parts`;
  return undefined;
}

/** A detached ArrayBuffer looks like an empty one until it is used. */
function isDetached(buffer: ArrayBuffer): boolean {
  if (buffer.byteLength > 0) return false;
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}

/** Whether a resizable ArrayBuffer was made too small for a view: such a view looks like an empty one until it is used. */
export function isOutside(view: ArrayBufferView): boolean {
  try {
    if (types.isDataView(view)) view.byteLength;
    else (view as Uint8Array).keys();
    return false;
  } catch {
    return true;
  }
}

export function nameOfView(view: ArrayBufferView): string {
  return types.isDataView(view) ? 'DataView' : readTypedArrayName.call(view);
}

// The name survives subclasses and other realms, where the constructor does not.
const readTypedArrayName = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  Symbol.toStringTag,
)?.get as () => string;

/** What an object is called in messages of errors. */
function describeInstance(value: object): string {
  const [name] = namesOfClasses(value);
  return `an instance of ${name ?? Object.prototype.toString.call(value).slice('[object '.length, -1)}`;
}

export function describePrimitive(value: unknown): string {
  if (typeof value === 'symbol') return 'symbols do not travel';
  const { name } = value as { name?: unknown };
  return `functions do not travel (${typeof name === 'string' && name !== '' ? name : 'anonymous'})`;
}

/** The names of the classes of an object, its own first, without `Object`. Runs no code of theirs. */
export function namesOfClasses(value: object): string[] {
  const names: string[] = [];
  let prototype: unknown = Object.getPrototypeOf(value);
  while (typeof prototype === 'object' && prototype !== null && !types.isProxy(prototype)) {
    const parent: unknown = Object.getPrototypeOf(prototype);
    const name = parent === null ? undefined : readName(readOwn(prototype, 'constructor'));
    if (name !== undefined) names.push(name);
    prototype = parent;
  }
  return names;
}

function readName(owner: unknown): string | undefined {
  const name = typeof owner === 'function' ? readOwn(owner, 'name') : undefined;
  return typeof name === 'string' && name !== '' ? name.toWellFormed() : undefined;
}

/** The value of a property, if it is one of the object itself and needs no getter. */
function readOwn(owner: object, key: string): unknown {
  return types.isProxy(owner) ? undefined : Object.getOwnPropertyDescriptor(owner, key)?.value;
}
