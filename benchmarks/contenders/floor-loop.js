// The measured ideal for CPU-bound tasks: every process runs its share in a plain loop.

/** @type {import('./index.js').Contender} */
export default {
  name: 'floor: bare loop',
  kind: 'floor',

  async open({ processes, task }) {
    const { openPipe } = await import('../floor/open-pipe.js');
    const small = Buffer.alloc(16);
    const children = Array.from({ length: processes }, () => {
      const child = { pipe: undefined, done: undefined };
      child.pipe = openPipe('loop-child.js', [task], { buffer: () => small, onRead: () => child.done() });
      return child;
    });

    return {
      async repeat([argument], count) {
        const share = Math.floor(count / processes);
        await Promise.all(
          children.map((child, i) => {
            const order = Buffer.alloc(8);
            order.writeUInt32LE(argument, 0);
            order.writeUInt32LE(i === 0 ? count - share * (processes - 1) : share, 4);
            child.pipe.socket.write(order);
            return new Promise((resolve) => {
              child.done = resolve;
            });
          }),
        );
      },
      async close() {
        for (const child of children) child.pipe.close();
      },
    };
  },
};
