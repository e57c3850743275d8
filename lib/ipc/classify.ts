import { types } from 'node:util';
import { MAX_FRAME } from './frame.js';
import * as graph from './graph/graph.js';
import { isHandle, isHandleMemory } from './graph/handles.js';
import { bufferOf, byteLengthOf, sizeOf } from './memory-of.js';

/** Decides how an object is sent, as {@link classify} does. */
export type Classifier = (value: object) => number | string;

/**
 * Decides how an object is sent, or why it cannot be.
 *
 * It looks at the kind of an object, not at its constructor: objects of another realm (Jest's, `node:vm`) have other
 * constructors.
 *
 * @returns the kind of its row in a graph, or the reason why it has none.
 */
export function classify(value: object): number | string {
  if (types.isProxy(value)) return 'it is a Proxy; send a copy of its target';
  if (Array.isArray(value)) return graph.ARRAY;
  if (Object.getPrototypeOf(value) === Object.prototype) return classifyRecord(value);
  if (isHandle(value)) return graph.HANDLE;
  if (isError(value)) return graph.ERROR;
  if (types.isMap(value)) return graph.MAP;
  if (types.isSet(value)) return graph.SET;
  if (types.isDate(value)) return graph.DATE;
  if (types.isRegExp(value)) return graph.REGEXP;
  if (types.isAnyArrayBuffer(value)) {
    return isHandleMemory(value) ? graph.HANDLE : (whyUnfitMemory(value) ?? graph.ARRAY_BUFFER);
  }
  if (ArrayBuffer.isView(value)) return classifyView(value);
  if (types.isSymbolObject(value)) return 'it is a symbol';
  if (types.isBoxedPrimitive(value)) return graph.BOXED;
  if (isBoundToProcess(value)) return `${describeInstance(value)} is bound to its process`;
  if (isPlain(value) || Object.keys(value).length > 0) return graph.OBJECT;
  return `${describeInstance(value)} has no enumerable properties of its own to send`;
}

/** Most objects are records, which need few of these checks. */
function classifyRecord(value: object): number | string {
  const bound = types.isArgumentsObject(value) || types.isExternal(value);
  return bound ? `${describeInstance(value)} is bound to its process` : graph.OBJECT;
}

function isError(value: object): value is Error {
  return types.isNativeError(value) || value instanceof Error || value instanceof DOMException;
}

/** Also true for records of another realm, which has its own `Object.prototype`. */
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

/** A Buffer usually is a small part of a memory pool, so only its own bytes are sent. */
function classifyView(view: ArrayBufferView): number | string {
  const buffer = bufferOf(view);
  if (isHandleMemory(buffer)) return graph.HANDLE;
  const reason = whyUnfitMemory(buffer);
  if (reason !== undefined) return reason;
  if (Buffer.isBuffer(view)) return graph.BUFFER;
  if (!graph.VIEW_TYPES.includes(nameOfView(view))) return `this version does not support ${nameOfView(view)}`;
  return isOutside(view) ? 'it lies outside of its ArrayBuffer, which was resized' : graph.VIEW;
}

function whyUnfitMemory(buffer: ArrayBufferLike): string | undefined {
  if (types.isSharedArrayBuffer(buffer)) {
    return 'a SharedArrayBuffer belongs to its process; use sharedArray(), or send a copy';
  }
  if (isDetached(buffer as ArrayBuffer)) return 'its memory was transferred';
  const size = sizeOf(buffer);
  if (size > MAX_FRAME) return `${size} bytes exceed the limit of ${MAX_FRAME}; send it in parts`;
  return undefined;
}

/** A detached ArrayBuffer looks empty until it is used. */
function isDetached(buffer: ArrayBuffer): boolean {
  if (sizeOf(buffer) > 0) return false;
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}

/** Whether a resizable ArrayBuffer was made too small for a view: such a view looks empty until it is used. */
export function isOutside(view: ArrayBufferView): boolean {
  try {
    if (types.isDataView(view)) byteLengthOf(view);
    else listKeys.call(view as Uint8Array);
    return false;
  } catch {
    return true;
  }
}

export function nameOfView(view: ArrayBufferView): string {
  return types.isDataView(view) ? 'DataView' : readTypedArrayName.call(view);
}

const listKeys = Uint8Array.prototype.keys;

// The name survives subclasses and other realms, where the constructor does not.
const readTypedArrayName = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  Symbol.toStringTag,
)?.get as () => string;

/** The name of an object in error messages. */
function describeInstance(value: object): string {
  const [name] = namesOfClasses(value);
  return `an instance of ${name ?? Object.prototype.toString.call(value).slice('[object '.length, -1)}`;
}

export function describePrimitive(value: unknown): string {
  if (typeof value === 'symbol') return 'it is a symbol';
  const { name } = value as { name?: unknown };
  return `it is a function (${typeof name === 'string' && name !== '' ? name : 'anonymous'})`;
}

/** The names of the classes of an object, its own first, without `Object`. Runs no code of the classes. */
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

/** The value of an own property without a getter. */
function readOwn(owner: object, key: string): unknown {
  return types.isProxy(owner) ? undefined : Object.getOwnPropertyDescriptor(owner, key)?.value;
}
