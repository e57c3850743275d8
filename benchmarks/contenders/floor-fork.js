// An empty child of node:child_process: the limit for the start of a pool, and for the memory and CPU time of an idle
// child.

import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('../floor/fork-child.cjs', import.meta.url));

/** @type {import('./index.js').Contender} */
export default {
  name: 'floor: bare fork',
  kind: 'floor',

  async open({ processes, ready = true }) {
    const { fork } = await import('node:child_process');
    const { once } = await import('node:events');
    // One child is enough for a first message; a second one would only slow it down.
    const children = Array.from({ length: ready ? processes : 1 }, () => fork(script));
    const messages = children.map((child) => once(child, 'message'));
    if (ready) await Promise.all(messages);
    return {
      // The floor calls no function: its result is its first message.
      call: ([n]) => messages[0].then(() => n + 1),
      async close() {
        for (const child of children) child.kill('SIGKILL');
      },
    };
  },
};
