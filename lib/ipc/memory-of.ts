/**
 * Where the bytes of views and buffers are. The getters of the language are called directly: a class may override them, and an
 * object may have properties of the same names, which `structuredClone` ignores too.
 */
import { types } from 'node:util';

const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;

const getters = {
  typedArray: {
    buffer: readGetter<ArrayBufferLike>(typedArray, 'buffer'),
    byteOffset: readGetter<number>(typedArray, 'byteOffset'),
    byteLength: readGetter<number>(typedArray, 'byteLength'),
  },
  dataView: {
    buffer: readGetter<ArrayBufferLike>(DataView.prototype, 'buffer'),
    byteOffset: readGetter<number>(DataView.prototype, 'byteOffset'),
    byteLength: readGetter<number>(DataView.prototype, 'byteLength'),
  },
};

const getLength = readGetter<number>(typedArray, 'length');
const getSize = readGetter<number>(ArrayBuffer.prototype, 'byteLength');
const getSharedSize = readGetter<number>(SharedArrayBuffer.prototype, 'byteLength');

function readGetter<T>(prototype: object, name: string): (this: object) => T {
  return Object.getOwnPropertyDescriptor(prototype, name)?.get as (this: object) => T;
}

export function bufferOf(view: ArrayBufferView): ArrayBufferLike {
  return gettersOf(view).buffer.call(view);
}

export function byteOffsetOf(view: ArrayBufferView): number {
  return gettersOf(view).byteOffset.call(view);
}

/** @throws TypeError if it is a DataView that lies outside of its resizable buffer. */
export function byteLengthOf(view: ArrayBufferView): number {
  return gettersOf(view).byteLength.call(view);
}

/** The elements of a typed array, or the bytes of a DataView. */
export function lengthOf(view: ArrayBufferView): number {
  return types.isDataView(view) ? getters.dataView.byteLength.call(view) : getLength.call(view);
}

/** The bytes of an ArrayBuffer or SharedArrayBuffer. */
export function sizeOf(buffer: ArrayBufferLike): number {
  return types.isSharedArrayBuffer(buffer) ? getSharedSize.call(buffer) : getSize.call(buffer);
}

function gettersOf(view: ArrayBufferView) {
  return types.isDataView(view) ? getters.dataView : getters.typedArray;
}
