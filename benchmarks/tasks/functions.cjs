'use strict';

// The one copy of the task code. Every contender runs these very functions, through an adapter where its
// own calling convention needs one. CommonJS, because some peers cannot load an ES module.

async function add(a, b) {
  return a + b;
}

async function increment(n) {
  return n + 1;
}

async function echo(value) {
  return value;
}

async function countBytes(bytes) {
  return bytes.byteLength;
}

// Kept, so that the sending is timed and not the making.
const kept = new Map();

async function makeBytes(size) {
  let bytes = kept.get(size);
  if (!bytes) {
    bytes = Buffer.alloc(size, 1);
    kept.set(size, bytes);
  }
  return bytes;
}

// New in every call, as from a database. Making them takes a tenth of the time of sending them.
async function makeRows(count) {
  const rows = [];
  for (let id = 0; id < count; id++) {
    rows.push({
      id,
      name: `user ${id}`,
      email: `user${id}@example.com`,
      age: 20 + (id % 50),
      score: id / 7,
      active: id % 3 === 0,
    });
  }
  return rows;
}

// A fixed amount of work, not a wait for the clock: a busy caller that takes the worker's core away must show.
async function burn(iterations) {
  let x = iterations;
  for (let i = 0; i < iterations; i++) x = (Math.imul(x, 1664525) + 1013904223) | 0;
  return x;
}

function wait(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

// What programs do that gave process pools of async functions their name: wait, ask a server, compute.
async function visit({ milliseconds, url, iterations }) {
  await wait(milliseconds);
  const response = await fetch(url);
  const { seed } = await response.json();
  return burn(iterations + seed);
}

/** Runs loops side by side, which do `count` rounds together. */
async function runLoops(count, width, round) {
  const rounds = count / width;
  await Promise.all(
    Array.from({ length: width }, async (_, loop) => {
      for (let index = 0; index < rounds; index++) await round(index, loop);
    }),
  );
  return count;
}

async function queuePairs(queue, count, width) {
  return runLoops(count, width, async (index) => {
    await queue.put(index);
    await queue.get();
  });
}

async function lockCycles(locks, count, width) {
  return runLoops(count, width, async (_, loop) => {
    const guard = await locks[loop].acquire();
    await guard.release();
  });
}

async function redisPairs(path, count, width) {
  const client = require('./redis-client.cjs').getClient(path);
  return runLoops(count, width, async (index) => {
    await client.send('LPUSH', 'queue', JSON.stringify(index));
    JSON.parse(await client.send('RPOP', 'queue'));
  });
}

module.exports = {
  add,
  increment,
  echo,
  countBytes,
  makeBytes,
  makeRows,
  burn,
  wait,
  visit,
  queuePairs,
  lockCycles,
  redisPairs,
};
