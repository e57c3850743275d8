import { ProtocolError } from '../../errors.js';
import { openGlobalState } from '../../util/global-state.js';
import { expectArray } from './primitives.js';

/**
 * Objects that stand for something outside of their process, such as the objects of a manager and shared memory: its
 * address is sent.
 */

/**
 * The method that returns the form in which such an object is sent: the kind of handle, and the parts for its maker.
 */
export const HANDLE: unique symbol = Symbol.for('aiomultiprocess.handle') as never;

/**
 * The msgpack extension that marks a handle in a plain value. The list of its kind and parts follows, or `null` if they are
 * those of the last handle in the frame.
 */
export const PLAIN_HANDLE = 0x48;

/** The maker gets the bytes that a function returns; they are read when the handle is sent. */
export type HandlePart = string | number | (() => Uint8Array);
export type HandleParts = readonly [kind: string, ...HandlePart[]];

/** An object that is sent as a handle. */
export interface Handle {
  /** Repetitions are sent shortly if each call returns the same list. */
  [HANDLE](): HandleParts;
}

/**
 * Recreates the object in another process.
 *
 * @throws {@link ProtocolError} for invalid parts. Any other error of the package fails the value, not the connection.
 */
export type HandleMaker = (parts: readonly unknown[]) => object;

/** By kind. */
const makers = openGlobalState('handles', () => new Map<string, HandleMaker>());

/** The first maker of a kind stays. */
export function registerHandle(kind: string, maker: HandleMaker): void {
  if (!makers.has(kind)) makers.set(kind, maker);
}

/**
 * @throws {@link ProtocolError}, and the errors of the maker.
 */
export function makeHandle(handle: readonly unknown[]): object {
  const [kind, ...parts] = expectArray(handle);
  const maker = makers.get(kind as string);
  if (maker === undefined) throw new ProtocolError(`unknown kind of handle: ${String(kind)}`);
  return maker(parts);
}

type DescribeView = (view: object) => HandleParts;

/** Memory of which an ArrayBuffer and all its views are sent as handles. */
const memory = openGlobalState('handle-memory', () => ({
  /** Without any, which is the usual case, no buffer is looked up. */
  exists: false,
  describers: new WeakMap<ArrayBufferLike, DescribeView>(),
}));

export function registerMemory(buffer: ArrayBuffer, describe: DescribeView): void {
  memory.exists = true;
  memory.describers.set(buffer, describe);
}

/** Whether this buffer, and so each of its views, is sent as a handle. */
export function isHandleMemory(buffer: ArrayBufferLike): boolean {
  return memory.exists && memory.describers.has(buffer);
}

export function isHandle(value: object): value is Handle {
  return typeof (value as Partial<Handle>)[HANDLE] === 'function';
}

/** The parts of a {@link Handle}, or of memory for which {@link isHandleMemory} holds. */
export function describeHandle(value: object): HandleParts {
  if (isHandle(value)) return value[HANDLE]();
  const describe = memory.describers.get(ArrayBuffer.isView(value) ? value.buffer : (value as ArrayBuffer));
  return (describe as DescribeView)(value);
}
