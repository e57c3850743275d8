import { Packr, RESERVE_START_SPACE, Unpackr } from 'msgpackr';

const HEADER = 4;

// A new object for each instance, because the constructor writes into it.
const codecOptions = () => ({ sequential: true, useRecords: true, maxOwnStructures: 1024, copyBuffers: true });

/**
 * Writes one value as one frame: a length, then msgpack, in one write.
 *
 * @param {(frame: Buffer) => void} write
 */
export function createFrameWriter(write) {
  const packr = new Packr(codecOptions());
  return (value) => {
    const frame = packr.pack(value, RESERVE_START_SPACE + HEADER);
    const length = frame.length - HEADER;
    frame[0] = length;
    frame[1] = length >> 8;
    frame[2] = length >> 16;
    frame[3] = length >>> 24;
    write(frame);
  };
}

/**
 * Cuts the bytes into frames. A frame that arrives in one read is decoded in place. One that spans reads is assembled in memory
 * of its exact size, and most of it is read directly into that memory.
 *
 * @param {(value: unknown) => void} onFrame
 */
export function createFrameReader(onFrame) {
  const unpackr = new Unpackr(codecOptions());
  const shared = Buffer.allocUnsafeSlow(256 * 1024);
  const range = { start: 0, end: 0 };
  /** Bytes at the start of `shared` that are a header cut in two. */
  let lead = 0;
  /** @type {Buffer | undefined} a frame whose end has not arrived */
  let partial;
  let filled = 0;
  let straight = false;

  function buffer() {
    straight = partial !== undefined && partial.length - filled >= shared.length;
    if (straight) return partial.subarray(filled);
    return lead > 0 ? shared.subarray(lead) : shared;
  }

  /** Returns how many of the bytes in `shared` belonged to the partial frame. */
  function fillPartial(count) {
    const taken = Math.min(partial.length - filled, count);
    if (!straight) shared.copy(partial, filled, 0, taken);
    filled += taken;
    if (filled === partial.length) {
      const whole = partial;
      partial = undefined;
      onFrame(unpackr.unpack(whole));
    }
    return taken;
  }

  function cutFrames(at, end) {
    while (end - at >= HEADER) {
      const length = shared.readUInt32LE(at);
      at += HEADER;
      if (end - at < length) {
        partial = Buffer.allocUnsafeSlow(length);
        filled = shared.copy(partial, 0, at, end);
        return;
      }
      range.start = at;
      at = range.end = at + length;
      onFrame(unpackr.unpack(shared, range));
    }
    if (at < end) {
      shared.copyWithin(0, at, end);
      lead = end - at;
    }
  }

  return {
    buffer,
    onRead(count) {
      const end = lead + count;
      lead = 0;
      cutFrames(partial ? fillPartial(count) : 0, end);
    },
  };
}
