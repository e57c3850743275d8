// The child's end of the bare pipe. The first argument selects what it does with the bytes.

import { openInherited } from './open-pipe.js';

const small = Buffer.allocUnsafeSlow(64 * 1024);

const modes = {
  /** Echoes the bytes. */
  echo: () => ({
    buffer: () => small,
    onRead: (count, bytes) => socket.write(Buffer.from(bytes.subarray(0, count))),
  }),

  /** Reads values of a known size, each into fresh memory, and answers each with one byte. */
  countBytes(size) {
    let into;
    let filled = 0;
    return {
      buffer() {
        into ??= Buffer.allocUnsafeSlow(size);
        return into.subarray(filled);
      },
      onRead(count) {
        filled += count;
        if (filled < size) return;
        into = undefined;
        filled = 0;
        socket.write(Buffer.of(1));
      },
    };
  },

  /** Answers every byte with the same large value. */
  makeBytes(size) {
    const bytes = Buffer.alloc(size, 1);
    return {
      buffer: () => small,
      onRead(count) {
        for (let i = 0; i < count; i++) socket.write(bytes);
      },
    };
  },
};

const [mode, size] = process.argv.slice(2);
const socket = openInherited(modes[mode](Number(size)));
