import { constants } from 'node:buffer';
import { ProtocolError } from '../errors.js';
import { BIG_INTEGER, MINUS_ZERO, type Slot, UTF16 } from './graph.js';

/** Primitives as the slots of a graph: what msgpack keeps stands for itself, the rest is `[form, payload]`. */

export function encodePrimitive(value: unknown): Slot {
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

/** No decoder reads more bytes as one string, however few characters they are. */
const MAX_TEXT = constants.MAX_STRING_LENGTH;
const MOST_BYTES = 3;

export const TOO_LONG = `a string of more than ${MAX_TEXT} bytes in UTF-8 is too long; send it as a Buffer or in parts`;

/** Whether a string is one that the other process can read; asking costs time only if it is huge. */
export function isSendableText(text: string): boolean {
  return text.length * MOST_BYTES <= MAX_TEXT || Buffer.byteLength(text) <= MAX_TEXT;
}

/** A string that UTF-8 or its decoders would change travels as its code units. */
export function encodeString(value: string): Slot {
  if (value.isWellFormed() && value.charCodeAt(0) !== 0xfeff) return value;
  return [UTF16, Buffer.from(value, 'utf16le')];
}

/**
 * @throws {@link ProtocolError}
 */
export function decodePrimitive(slot: Slot): unknown {
  if (!Array.isArray(slot)) return slot;
  const [form, payload] = slot as readonly unknown[];
  if (form === MINUS_ZERO) return -0;
  if (form === BIG_INTEGER) return parseBigInt(payload);
  if (form === UTF16 && payload instanceof Uint8Array) return Buffer.from(payload).toString('utf16le');
  throw new ProtocolError(`no form ${String(form)} of primitive in a graph`);
}

function parseBigInt(hex: unknown): bigint {
  if (typeof hex !== 'string') throw new ProtocolError('a big integer is not a string of digits');
  try {
    return hex.startsWith('-') ? -BigInt(`0x${hex.slice(1)}`) : BigInt(`0x${hex}`);
  } catch (cause) {
    throw new ProtocolError('a big integer does not parse', { cause });
  }
}

export function decodeString(slot: Slot): string {
  const value = decodePrimitive(slot);
  if (typeof value !== 'string') throw new ProtocolError('a key or source in a graph is not a string');
  return value;
}

export function decodeStrings(slots: unknown): string[] {
  return expectArray(slots).map(decodeString);
}

export function expectArray(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new ProtocolError('a list is missing in a graph');
  return value;
}
