import type { Attachment } from './attachments.js';

/**
 * The form of a value that plain msgpack would not keep whole: a table of its parts.
 *
 * Every object is one row of the table and refers to others by their row, so cycles and shared references survive,
 * and depth is no matter. What a row holds is plain, so msgpack carries the table.
 */

/** `root` is the value, usually row 0. A shape is the list of an object's keys. */
export type Graph = readonly [shapes: readonly (readonly Slot[])[], rows: readonly Row[], root: Slot];

/** A primitive that msgpack keeps, or `[row]`, or `[form, payload]` for a primitive that it does not. */
export type Slot = unknown;

export const MINUS_ZERO = 0;
export const BIG_INTEGER = 1;
export const UTF16 = 2;

/** Kinds of rows. */
export const OBJECT = 0;
export const ARRAY = 1;
export const SPARSE_ARRAY = 2;
export const MAP = 3;
export const SET = 4;
export const DATE = 5;
export const REGEXP = 6;
export const BOXED = 7;
export const ARRAY_BUFFER = 8;
export const VIEW = 9;
export const BUFFER = 10;
export const ERROR = 11;
export const HANDLE = 12;

export type Row =
  | readonly [kind: typeof OBJECT, shape: number, values: readonly Slot[]]
  | readonly [kind: typeof ARRAY, values: readonly Slot[]]
  | readonly [kind: typeof SPARSE_ARRAY, length: number, keys: readonly Slot[], values: readonly Slot[]]
  | readonly [kind: typeof MAP, keys: readonly Slot[], values: readonly Slot[]]
  | readonly [kind: typeof SET, values: readonly Slot[]]
  | readonly [kind: typeof DATE, time: number]
  | readonly [kind: typeof REGEXP, source: Slot, flags: string]
  | readonly [kind: typeof BOXED, primitive: Slot]
  | readonly [kind: typeof ARRAY_BUFFER, bytes: Attachment, maxByteLength: number]
  | readonly [kind: typeof VIEW, type: number, buffer: Slot, byteOffset: number, length: number]
  | readonly [kind: typeof BUFFER, bytes: Attachment]
  | readonly [kind: typeof HANDLE, parts: readonly Slot[]]
  | ErrorRow;

/**
 * The classes go from the error's own to the last one before `Object`. The first `inherited` keys are not the error's own,
 * as its name; the next ones up to `hidden` are not enumerable, as its stack.
 */
type ErrorRow = readonly [
  kind: typeof ERROR,
  classes: readonly string[],
  keys: readonly Slot[],
  values: readonly Slot[],
  inherited: number,
  hidden: number,
];

/** A view that follows the length of its resizable buffer. */
export const TRACKING = -1;

/** The views, by the number that names them in a {@link VIEW} row. */
export const VIEW_TYPES = [
  'DataView',
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
  'Float16Array',
];
