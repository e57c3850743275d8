import { ProtocolError } from '../errors.js';
import { Decoder, Encoder } from './codec.js';
import { FrameReader } from './frame.js';
import { ITEM, type Message } from './messages.js';

/**
 * A value as whoever keeps it for others needs it: a primitive as it is, anything else as a frame that any process can
 * decode. It stays whole, whatever classes the keeper knows, and costs the keeper no decoding.
 */
export type Packed = string | number | bigint | boolean | null | undefined | Buffer;

let shared: Encoder | undefined;
let isBusy = false;

/**
 * @throws {@link SerializationError} if it cannot travel.
 */
export function pack(value: unknown): Packed {
  if (isPrimitive(value)) return value;
  if (shared === undefined) shared = new Encoder();
  // A getter in the value may pack another one.
  const encoder = isBusy ? new Encoder() : shared;
  const wasBusy = isBusy;
  isBusy = true;
  try {
    encoder.forgetShapes();
    encoder.add([ITEM, 0, value]);
    const frames = encoder.takeFrames() as Buffer[];
    return frames.length === 1 ? frames[0] : Buffer.concat(frames);
  } finally {
    isBusy = wasBusy;
  }
}

function isPrimitive(value: unknown): value is Exclude<Packed, Buffer> {
  return (typeof value !== 'object' || value === null) && typeof value !== 'function' && typeof value !== 'symbol';
}

let decoder: Decoder | undefined;

/**
 * @throws {@link ProtocolError}
 */
export function unpack(packed: unknown): unknown {
  if (!Buffer.isBuffer(packed)) return packed;
  if (decoder === undefined) decoder = new Decoder();
  const reading = decoder;
  // What is decoded may run no code that unpacks another value; but should it fail, the next one starts afresh.
  decoder = undefined;
  let messages: Message[] = [];
  const reader = new FrameReader({
    onBatch: (bytes, start, end) => {
      messages = reading.decode(bytes, start, end);
    },
    onAttachment: (buffer) => reading.addAttachment(buffer),
  });
  reader.push(packed);
  const [message] = messages;
  if (message?.[0] !== ITEM) throw new ProtocolError('a packed value is not one item');
  decoder = reading;
  return message[2];
}
