import type { Attachment } from '../attachments.js';

/**
 * The form of a value that plain msgpack would change: a table of its parts.
 *
 * Every object is a row of the table and refers to others by the number of their row, so cycles, shared references and
 * any depth are preserved. The cells of a row are plain, so msgpack keeps the table unchanged.
 */

/** `root` is the value, usually row 0. A shape is the list of the keys of an object. */
export type Graph = readonly [shapes: readonly (readonly Cell[])[], rows: readonly Row[], root: Cell];

/** A primitive that msgpack keeps, or `[row]`, or `[form, payload]` for another primitive. */
export type Cell = unknown;

export const MINUS_ZERO = 0;
export const BIG_INTEGER = 1;
export const UTF16 = 2;
/** Only in a handle: its payload is an {@link Attachment}. */
export const BYTES = 3;

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
  | readonly [kind: typeof OBJECT, shape: number, values: readonly Cell[]]
  | readonly [kind: typeof ARRAY, values: readonly Cell[]]
  | readonly [kind: typeof SPARSE_ARRAY, length: number, keys: readonly Cell[], values: readonly Cell[]]
  | readonly [kind: typeof MAP, keys: readonly Cell[], values: readonly Cell[]]
  | readonly [kind: typeof SET, values: readonly Cell[]]
  | readonly [kind: typeof DATE, time: number]
  | readonly [kind: typeof REGEXP, source: Cell, flags: string]
  | readonly [kind: typeof BOXED, primitive: Cell]
  | readonly [kind: typeof ARRAY_BUFFER, bytes: Attachment, maxByteLength: number]
  | readonly [kind: typeof VIEW, type: number, buffer: Cell, byteOffset: number, length: number]
  | readonly [kind: typeof BUFFER, bytes: Attachment]
  | readonly [kind: typeof HANDLE, parts: readonly (Cell | readonly [form: typeof BYTES, bytes: Attachment])[]]
  | ErrorRow;

/**
 * The classes go from the error's own to the last one before `Object`. The first `inherited` keys are not the error's
 * own, such as its name; the next ones up to `hidden` are not enumerable, such as its stack.
 */
type ErrorRow = readonly [
  kind: typeof ERROR,
  classes: readonly string[],
  keys: readonly Cell[],
  values: readonly Cell[],
  inherited: number,
  hidden: number,
];

/** The `maxByteLength` of a buffer that is not resizable. */
export const FIXED = -1;
/** The same, of a buffer that the value holds only through views: a longer one may replace it. */
export const FIXED_BEHIND_VIEWS = -2;

/** The length of a view that follows its resizable buffer. */
export const TRACKING = -1;

/** The types of views, by their number in a {@link VIEW} row. */
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
