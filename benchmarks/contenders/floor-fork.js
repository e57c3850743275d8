// A child as node:child_process starts it, with nothing in it: the bound of a pool's start, and of the memory
// and the CPU that a child takes when it does nothing.

import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('../floor/fork-child.cjs', import.meta.url));

/** @type {import('./index.js').Contender} */
export default {
  name: 'floor: bare fork',
  kind: 'floor',

  async open({ processes, ready = true }) {
    const { fork } = await import('node:child_process');
    const { once } = await import('node:events');
    // For a first message one child is enough, and a second one would only be in its way.
    const children = Array.from({ length: ready ? processes : 1 }, () => fork(script));
    const messages = children.map((child) => once(child, 'message'));
    if (ready) await Promise.all(messages);
    return {
      // No function is called: its first message is all that it has to say.
      call: ([n]) => messages[0].then(() => n + 1),
      async close() {
        for (const child of children) child.kill('SIGKILL');
      },
    };
  },
};
