import { constants } from 'node:buffer';
import { ProtocolError } from '../../errors.js';
import { BIG_INTEGER, type Cell, MINUS_ZERO, UTF16 } from './graph.js';

/** Primitives as cells of a graph: unchanged if msgpack keeps them, otherwise `[form, payload]`. */

export function encodePrimitive(value: unknown): Cell {
  switch (typeof value) {
    case 'string':
      return encodeString(value);
    case 'number':
      return Object.is(value, -0) ? [MINUS_ZERO, 0] : value;
    case 'bigint':
      return BigInt.asIntN(64, value) === value ? value : [BIG_INTEGER, value.toString(16)];
    default:
      return value;
  }
}

/** No decoder reads more bytes as one string, whatever their number of characters. */
const MAX_TEXT = constants.MAX_STRING_LENGTH;
const MOST_BYTES = 3;

export const TOO_LONG = `a string of more than ${MAX_TEXT} bytes in UTF-8 is too long; send it as a Buffer or in parts`;

/** Whether the other process can read a string; the check costs time only for huge ones. */
export function isSendableText(text: string): boolean {
  return text.length * MOST_BYTES <= MAX_TEXT || Buffer.byteLength(text) <= MAX_TEXT;
}

/** A string that UTF-8 or its decoders would change is sent as its code units. */
export function encodeString(value: string): Cell {
  if (value.isWellFormed() && value.charCodeAt(0) !== 0xfeff) return value;
  return [UTF16, Buffer.from(value, 'utf16le')];
}

/**
 * @throws {@link ProtocolError}
 */
export function decodePrimitive(cell: Cell): unknown {
  if (!Array.isArray(cell)) return cell;
  const [form, payload] = cell as readonly unknown[];
  if (form === MINUS_ZERO) return -0;
  if (form === BIG_INTEGER) return parseBigInt(payload);
  if (form === UTF16 && payload instanceof Uint8Array) return Buffer.from(payload).toString('utf16le');
  throw new ProtocolError(`a graph has a primitive of unknown form ${String(form)}`);
}

function parseBigInt(hex: unknown): bigint {
  if (typeof hex !== 'string') throw new ProtocolError('a big integer is not a hexadecimal string');
  try {
    return hex.startsWith('-') ? -BigInt(`0x${hex.slice(1)}`) : BigInt(`0x${hex}`);
  } catch (cause) {
    throw new ProtocolError('a big integer is not a hexadecimal string', { cause });
  }
}

export function decodeString(cell: Cell): string {
  const value = decodePrimitive(cell);
  if (typeof value !== 'string') throw new ProtocolError('a key or source in a graph is not a string');
  return value;
}

export function decodeStrings(cells: unknown): string[] {
  return expectArray(cells).map(decodeString);
}

export function expectArray(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new ProtocolError('a list is missing in a graph');
  return value;
}
