'use strict';

// The tasks of shared-memory.js: one copy for all contenders. `…Moved` is for piscina, which transfers what it marks.

const kept = new Map();

function countBytes(bytes) {
  return bytes.byteLength;
}

function echo(value) {
  return value;
}

/** Kept, so that the sending is timed and not the making. */
function makeBytes(size) {
  let bytes = kept.get(size);
  if (!bytes) {
    bytes = Buffer.alloc(size, 1);
    kept.set(size, bytes);
  }
  return bytes;
}

const move = (value) => require('piscina').move(value);

/** What is moved is gone. */
function makeBytesMoved(size) {
  return move(Buffer.alloc(size, 1));
}

function increment(n) {
  return n + 1;
}

function readOne(table, index) {
  return table.value[index];
}

/** @returns the time of a million additions in microseconds each. */
function addMany(counter) {
  const start = performance.now();
  for (let count = 0; count < 1_000_000; count++) Atomics.add(counter, 0, 1);
  return (performance.now() - start) / 1000;
}

function echoMoved(value) {
  return move(value);
}

module.exports = {
  countBytes,
  echo,
  echoMoved,
  makeBytes,
  makeBytesMoved,
  increment,
  readOne,
  addMany,
};
