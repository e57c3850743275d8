import type { OnReadOpts } from 'node:net';
import { nextTick } from '../util/clock.js';

/** Large enough for a few batches of small tasks. */
const READ_SIZE = 64 * 1024;

/** Takes the bytes that are read; a `Channel` is one. */
export interface Receiver {
  getPlace(minimum: number): Uint8Array | undefined;
  fill(count: number): void;
  receive(chunk: Uint8Array): void;
}

/**
 * Makes a socket reuse one buffer for its reads, and read the bulk of a large value directly into its place.
 *
 * @param getReceiver - is called when bytes arrive, because the receiver needs the socket that these options create.
 * @param onRead - is called when the bytes of a read were handled.
 */
export function createOnread(getReceiver: () => Receiver, onRead?: () => void): OnReadOpts {
  const shared = Buffer.allocUnsafeSlow(READ_SIZE);
  let place: Uint8Array | undefined;
  /** Node.js asks for the first buffer while it creates the socket. */
  let begun = false;
  return {
    buffer() {
      place = begun ? getReceiver().getPlace(READ_SIZE) : undefined;
      return place ?? shared;
    },
    callback(size) {
      begun = true;
      try {
        if (place === undefined) getReceiver().receive(shared.subarray(0, size));
        else getReceiver().fill(size);
        onRead?.();
      } catch (error) {
        // Thrown here, it would keep the socket from asking for the next buffer, and this one may be full and passed
        // on.
        nextTick(rethrow, error);
      }
      return true;
    },
  };
}

function rethrow(error: unknown): never {
  throw error;
}
