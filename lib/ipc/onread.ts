import type { OnReadOpts } from 'node:net';
import { nextTick } from '../util/clock.js';

/** Large enough for a few batches of small tasks at once. */
const READ_SIZE = 64 * 1024;

/** What takes the bytes that are read: a `Channel`. */
export interface Receiver {
  getPlace(minimum: number): Uint8Array | undefined;
  fill(count: number): void;
  receive(chunk: Uint8Array): void;
}

/**
 * Lets a socket read into one buffer again and again, and the bulk of a large value straight to where it belongs.
 *
 * @param getReceiver - is asked when there are bytes, as the receiver needs the socket that is made with these options.
 * @param onRead - is called when all that one read has brought was handled.
 */
export function createOnread(getReceiver: () => Receiver, onRead?: () => void): OnReadOpts {
  const shared = Buffer.allocUnsafeSlow(READ_SIZE);
  let place: Uint8Array | undefined;
  /** The first place is asked for while the socket is being made. */
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
        // Thrown here it would keep the socket from asking for another place: this one may be full and given away.
        nextTick(rethrow, error);
      }
      return true;
    },
  };
}

function rethrow(error: unknown): never {
  throw error;
}
