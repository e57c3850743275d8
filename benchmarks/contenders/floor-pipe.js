// The bare pipe, with bytes only, without codec and frames: the limit for latency and bandwidth.

/** @type {import('./index.js').Contender} */
export default {
  name: 'floor: raw pipe',
  kind: 'floor',

  async open({ processes, task, size }) {
    const { openPipe } = await import('../floor/open-pipe.js');
    const mode = task in modes ? task : 'echo';
    const children = Array.from({ length: processes }, () => modes[mode](openPipe, size));
    return {
      // The least busy process, so that sequential calls stay with one process.
      call: (args) => children.reduce((best, child) => (child.pending() < best.pending() ? child : best)).call(args),
      async close() {
        for (const child of children) child.close();
      },
    };
  },
};

const modes = {
  /** 16 bytes in each direction. */
  echo(openPipe) {
    const message = Buffer.from('0123456789abcdef');
    const small = Buffer.allocUnsafeSlow(64 * 1024);
    const callers = createCallers();
    const pipe = openPipe('pipe-child.js', ['echo'], { buffer: () => small, onRead: () => callers.settle('echo') });
    return {
      call() {
        pipe.socket.write(message);
        return callers.add();
      },
      pending: callers.count,
      close: pipe.close,
    };
  },

  /** A large value to the child, one byte back. */
  countBytes(openPipe, size) {
    const small = Buffer.allocUnsafeSlow(64 * 1024);
    const callers = createCallers();
    const pipe = openPipe('pipe-child.js', ['countBytes', String(size)], {
      buffer: () => small,
      onRead(count) {
        for (let i = 0; i < count; i++) callers.settle(size);
      },
    });
    return {
      call([bytes]) {
        pipe.socket.write(bytes);
        return callers.add();
      },
      pending: callers.count,
      close: pipe.close,
    };
  },

  /** One byte to the child, a large value back, read directly into fresh memory. */
  makeBytes(openPipe, size) {
    const callers = createCallers();
    let into;
    let filled = 0;
    const pipe = openPipe('pipe-child.js', ['makeBytes', String(size)], {
      buffer() {
        into ??= Buffer.allocUnsafeSlow(size);
        return into.subarray(filled);
      },
      onRead(count) {
        filled += count;
        if (filled < size) return;
        const whole = into;
        into = undefined;
        filled = 0;
        callers.settle(whole);
      },
    });
    return {
      call() {
        pipe.socket.write(Buffer.of(1));
        return callers.add();
      },
      pending: callers.count,
      close: pipe.close,
    };
  },
};

// Answers arrive in the order of the calls.
function createCallers() {
  const resolves = [];
  return {
    count: () => resolves.length,
    add: () => new Promise((resolve) => resolves.push(resolve)),
    settle: (value) => resolves.shift()(value),
  };
}
