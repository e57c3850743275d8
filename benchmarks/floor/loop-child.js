// Runs the task in a loop without further messages: the maximum of the machine.

import functions from '../tasks/functions.cjs';
import { openInherited } from './open-pipe.js';

const fn = functions[process.argv[2]];
const order = Buffer.alloc(8);
let filled = 0;

const socket = openInherited({
  buffer: () => order.subarray(filled),
  async onRead(count) {
    filled += count;
    if (filled < order.length) return;
    filled = 0;
    const argument = order.readUInt32LE(0);
    const times = order.readUInt32LE(4);
    for (let i = 0; i < times; i++) await fn(argument);
    socket.write(Buffer.of(1));
  },
});
