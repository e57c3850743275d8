// Two bare processes, msgpackr batches and a promise for every task: the limit for a pool that does nothing else. It has no
// errors, no cancellation, no recycling and no scheduler, but each call is a function call in the child with its own
// arguments, and has its own id and its own promise here.

/** Batches sent to one process: one that it works on, one that waits in the pipe. */
const DEPTH = 2;
/** An id combines the number of the batch and the position of the task in it. */
const PLACE_BITS = 12;
const BATCH_SLOTS = 64;

/** @type {import('./index.js').Contender} */
export default {
  name: 'floor: batches',
  kind: 'floor',
  package: 'msgpackr',

  async open({ processes, task, batch = 512 }) {
    const { openPipe } = await import('../floor/open-pipe.js');
    const { createFrameReader, createFrameWriter } = await import('../floor/frames.js');

    const waiting = createBatchQueue(batch);
    const children = Array.from({ length: processes }, () => openChild());
    let scheduled = false;

    function openChild() {
      const sent = new Array(BATCH_SLOTS).fill(undefined);
      let next = 0;
      let inFlight = 0;
      const pipe = openPipe('batches-child.js', [task], createFrameReader(settle));
      const writeFrame = createFrameWriter((frame) => pipe.socket.write(frame));

      function settle(answers) {
        for (let at = 0; at < answers.length; ) {
          const id = answers[at];
          const count = answers[at + 1];
          const one = sent[(id >> PLACE_BITS) & (BATCH_SLOTS - 1)];
          const { resolves } = one;
          let place = id & ((1 << PLACE_BITS) - 1);
          const end = at + 2 + count;
          for (at += 2; at < end; at++) {
            resolves[place](answers[at]);
            resolves[place++] = undefined;
          }
          one.left -= count;
          if (one.left === 0) inFlight--;
        }
        // Before the callers of these tasks run, so that the child has work meanwhile.
        send(DEPTH);
      }

      function send(depth) {
        while (inFlight < depth) {
          const one = waiting.take();
          if (!one) return;
          one.frame[0] = next << PLACE_BITS;
          one.frame[2] = one.left = one.resolves.length;
          sent[next & (BATCH_SLOTS - 1)] = one;
          next = (next + 1) & 0xffff;
          inFlight++;
          writeFrame(one.frame);
          one.frame = undefined;
        }
      }

      return { send, close: pipe.close };
    }

    function pump() {
      scheduled = false;
      // First one batch for each process, then a second.
      for (let depth = 1; depth <= DEPTH; depth++) {
        for (const child of children) child.send(depth);
      }
    }

    let resolveOfNew;
    // One executor for all promises, instead of a closure for each task.
    const capture = (resolve) => {
      resolveOfNew = resolve;
    };

    function call(args) {
      const result = new Promise(capture);
      waiting.put(args, resolveOfNew);
      if (!scheduled) {
        scheduled = true;
        process.nextTick(pump);
      }
      return result;
    }

    return {
      call,
      async close() {
        for (const child of children) child.close();
      },
    };
  },
};

// A task goes directly into its batch, next to its `resolve`: nothing is copied from a queue later, and no old array points to
// many young promises, which would cost the garbage collector time.
function createBatchQueue(size) {
  const start = () => ({ frame: [0, 0, 0], resolves: [], left: 0 });
  let full = [];
  let head = 0;
  let filling = start();

  return {
    put(args, resolve) {
      filling.frame.push(args);
      filling.resolves.push(resolve);
      if (filling.resolves.length === size) {
        full.push(filling);
        filling = start();
      }
    },
    take() {
      if (head < full.length) {
        const one = full[head];
        full[head++] = undefined;
        if (head === full.length) {
          full = [];
          head = 0;
        }
        return one;
      }
      if (filling.resolves.length === 0) return undefined;
      const one = filling;
      filling = start();
      return one;
    },
  };
}
