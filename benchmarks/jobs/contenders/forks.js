// What a program would write by hand: processes of node:child_process that get a new item for each answer. No limits, no errors,
// no scheduling.

import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('fork-child.js', import.meta.url));
/** One item in work, and one that is there when it is done. */
const AT_A_TIME = 2;

/** @type {import('../../contenders/index.js').Contender} */
export default {
  name: 'bare forks',
  kind: 'floor',

  async open({ processes, task, module }) {
    const waiting = [];
    const children = Array.from({ length: processes }, () => {
      const child = fork(script, [module, task], { serialization: 'advanced' });
      const inFlight = [];
      child.on('message', (result) => {
        inFlight.shift()(result);
        feed();
      });
      // In the order of their items, so that a result needs no number.
      const send = ({ item, resolve }) => {
        inFlight.push(resolve);
        child.send(item);
      };
      return { child, inFlight, send };
    });

    function feed() {
      while (waiting.length > 0) {
        const free = children.reduce((one, other) => (other.inFlight.length < one.inFlight.length ? other : one));
        if (free.inFlight.length >= AT_A_TIME) return;
        free.send(waiting.shift());
      }
    }

    return {
      call: ([item]) =>
        new Promise((resolve) => {
          waiting.push({ item, resolve });
          feed();
        }),
      async close() {
        for (const { child } of children) child.kill('SIGKILL');
      },
    };
  },
};
