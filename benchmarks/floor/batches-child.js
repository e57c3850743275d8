// Runs every task of a batch at once and answers with one frame for all that finished in the same tick.

import functions from '../tasks/functions.cjs';
import { createFrameReader, createFrameWriter } from './frames.js';
import { openInherited } from './open-pipe.js';

const fns = [functions[process.argv[2]]];
const writeFrame = createFrameWriter((frame) => socket.write(frame));

// Answers with consecutive ids share a header: [first id, count, value, value, ...].
let answers = [];
let countAt = -1;
let expected = -1;

function answer(id, value) {
  if (id === expected) {
    answers[countAt]++;
    answers.push(value);
  } else {
    // A tick scheduled inside a microtask runs after all microtasks, so after the last answer of this batch.
    if (answers.length === 0) process.nextTick(flush);
    answers.push(id, 1, value);
    countAt = answers.length - 2;
  }
  expected = id + 1;
}

function flush() {
  const batch = answers;
  answers = [];
  expected = -1;
  writeFrame(batch);
}

// A slot keeps its callback, so that tasks need no closures.
const freeSlots = [];

function createSlot() {
  const slot = {
    id: 0,
    settle(value) {
      freeSlots.push(slot);
      answer(slot.id, value);
    },
  };
  return slot;
}

function runTask(id, fn, args) {
  const slot = freeSlots.pop() ?? createSlot();
  slot.id = id;
  fn(args[0], args[1]).then(slot.settle);
}

const socket = openInherited(
  createFrameReader((batch) => {
    for (let at = 0; at < batch.length; ) {
      let id = batch[at];
      const fn = fns[batch[at + 1]];
      const end = at + 3 + batch[at + 2];
      for (at += 3; at < end; at++) runTask(id++, fn, batch[at]);
    }
  }),
);
