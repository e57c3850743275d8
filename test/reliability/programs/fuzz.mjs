/**
 * Randomly changes the bytes on the pipes between a program and its children.
 *
 *     node test/reliability/programs/fuzz.mjs [--cases 500000] [--seconds 0] [--processes 500] [--seed 1]
 *
 * A case is a changed frame. Half of the cases go to a pool whose children are objects in this process: every call must be
 * answered, and the pool must keep working. The other half go to the code of a child, also in this process: it must accept
 * them or exit. `--processes` real children also receive such bytes: each must exit. Otherwise this program exits with 1.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as module from 'node:module';
import { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { Packr } from 'msgpackr/pack';
import { anyDescription, build } from '../../fixtures/ipc/values.mjs';
import * as hooks from '../../fixtures/reliability/fake-spawn-hooks.mjs';

// Node.js 26 warns of the older way.
if (module.registerHooks === undefined) {
  module.register('../../fixtures/reliability/fake-spawn-hooks.mjs', import.meta.url);
} else module.registerHooks(hooks);
const dist = new URL('../../../dist/lib/', import.meta.url);
const load = (path) => import(new URL(path, dist).href);
const { Pool } = await load('pool/pool.js');
const { behaviour } = await import('../../fixtures/reliability/fake-spawn.mjs');
const { Channel } = await load('ipc/channel.js');
const { Encoder } = await load('ipc/encoder.js');
const { BATCH, HEADER_SIZE, writeHeader } = await load('ipc/frame.js');
const { Executor } = await load('child/executor.js');
const messages = await load('protocol/messages.js');
const { tasksFrom } = await load('functions/marks/tasks-from.js');

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '500000' },
    seconds: { type: 'string', default: '0' },
    processes: { type: 'string', default: '500' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const [cases, seconds, processes, seed] = [values.cases, values.seconds, values.processes, values.seed].map(Number);

let state = seed;
/** A number from 0 to `below - 1`, reproducible by the seed. */
function random(below) {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
  return Math.floor(((state ^ (state >>> 16)) >>> 0) % below);
}

/** Values of all kinds for the frames. */
const samples = fc.sample(anyDescription, { numRuns: 500, seed }).map(build);
const sample = () =>
  random(3) > 0 ? { id: random(1000), name: `sample ${random(10)}` } : samples[random(samples.length)];

/** Values with a special meaning in msgpack or the protocol. */
const TOKENS = [
  0x00, 0x01, 0x06, 0x40, 0x72, 0x81, 0x90, 0x91, 0x93, 0x9f, 0xc0, 0xc1, 0xc4, 0xc6, 0xc9, 0xcb, 0xd4, 0xd6,
];
const token = () => (random(2) === 0 ? TOKENS[random(TOKENS.length)] : random(256));

const changes = [
  (bytes) => bytes.fill(token(), random(bytes.length)),
  (bytes) => Buffer.from(bytes.map((byte) => (random(20) === 0 ? token() : byte))),
  (bytes) => bytes.subarray(0, random(bytes.length)),
  (bytes) => bytes.subarray(random(bytes.length)),
  (bytes) => Buffer.concat([bytes, bytes]),
  (bytes) => Buffer.concat([bytes, Buffer.from(Array.from({ length: random(40) }, token))]),
];

/** Anything that msgpack can encode, in place of a number or a list of the protocol. */
const PARTS = [
  0,
  1,
  2,
  1n,
  2n ** 70n,
  -1,
  0.5,
  Number.NaN,
  Infinity,
  2 ** 53,
  '1',
  'length',
  null,
  true,
  [],
  [1],
  [[], [], 1],
  {},
];
const part = () => PARTS[random(PARTS.length)];
const packr = new Packr({ sequential: true, moreTypes: true });

/** A well-formed frame with messages of any kind and any content. */
function forge() {
  const batch = Array.from({ length: 1 + random(3) }, () => [
    random(messages.VALUE_INDEX.length + 1),
    ...Array.from({ length: random(4) }, part),
    ...(random(4) === 0 ? [messages.GRAPH] : []),
  ]);
  const encoded = packr.pack(batch);
  const header = new Uint8Array(HEADER_SIZE);
  writeHeader(header, BATCH, encoded.length);
  return Buffer.concat([header, encoded]);
}

/** Most changes affect only a byte or two: they get further into the code than complete garbage. */
function change(original) {
  const bytes = Buffer.from(original);
  if (random(4) === 0) return changes[random(changes.length)](bytes);
  if (random(4) === 0) return forge();
  for (let left = random(3); left >= 0; left--) {
    const at = random(8) === 0 ? random(Math.min(8, bytes.length)) : random(bytes.length);
    if (bytes.length > 0) bytes[at] = token();
  }
  return bytes;
}

function expectCleanPrototypes() {
  for (const { prototype } of [Object, Array, Function, Map, Error, Promise]) {
    for (const key in prototype) assert.fail(`a prototype has got a property ${key}`);
  }
}

const counts = { cases: 0, results: 0, errors: {}, taken: 0, refused: 0, failed: 0, processes: 0 };
const { identity } = tasksFrom(new URL('../../fixtures/pool/tasks.js', import.meta.url));

/** The program's side: a pool whose children answer with changed bytes. */
async function attackParent(wanted) {
  let changed = 0;
  let isHostile = true;
  behaviour.answer = () => (isHostile ? sample() : 'fine');
  behaviour.change = (bytes) => {
    if (!isHostile || random(3) > 0) return bytes;
    changed++;
    return change(bytes);
  };
  const limits = { cancelGracePeriod: 0, taskTimeout: 50, startTimeout: 500 };
  const options = { processes: 64, childConcurrency: 4, ...limits, measure: true };
  await Pool.using(options, async (pool) => {
    const call = async () => {
      while (changed < wanted) {
        const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => pool.apply(identity, [1])));
        for (const { status, reason } of outcomes) {
          if (status === 'fulfilled') counts.results++;
          else counts.errors[reason?.name] = (counts.errors[reason?.name] ?? 0) + 1;
        }
        expectCleanPrototypes();
      }
    };
    // Calls without an answer must not block the others.
    await Promise.all(Array.from({ length: 100 }, call));
    isHostile = false;
    // A child may still wait for the rest of a frame: its task is cancelled, and the child is then replaced.
    await Promise.allSettled(Array.from({ length: 200 }, () => pool.apply(identity, [1])));
    assert.deepEqual(await pool.map(identity, Array(200).fill(1), { retries: 5 }), Array(200).fill('fine'));
  });
  counts.cases += changed;
}

/** Real frames from a program to its child. */
function createFrames() {
  const encoder = new Encoder();
  const add = (...message) => encoder.add(message);
  const module = new URL('../../fixtures/pool/tasks.js', import.meta.url).href;
  for (const isTimed of [0, 1]) add(messages.ADDRESS, isTimed, isTimed, { kind: 'handle', module, name: 'identity' });
  add(messages.MEASURE, true);
  add(messages.ATTEMPT, 2, 2);
  add(messages.CONTEXT, 3, sample());
  for (let id = 1; id < 5; id++) encoder.addTask(id, id % 2, [sample()]);
  add(messages.CANCEL, 3);
  add(messages.STREAM, 5, 10);
  add(messages.CREDIT, 5, 1);
  return Buffer.concat(encoder.takeFrames());
}

/** Accepts the writes of a child, and sends nothing. */
function createSink() {
  return new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
}

/** The child's side, without its process. */
async function attackChild(wanted) {
  for (let done = 0; done < wanted; done++) {
    let ended = false;
    const channel = new Channel(createSink(), {
      onMessages: (batch) => executor.accept(batch),
      onDrain: () => executor.onDrain(),
      onEnd: (error) => {
        ended ||= error !== undefined;
      },
    });
    const executor = new Executor({
      channel,
      concurrency: 4,
      reportUsage: false,
      runInContext: (_context, run) => run(),
      state: { errors: {} },
      onError() {},
    });
    try {
      channel.receive(change(createFrames()));
      counts[ended ? 'refused' : 'taken']++;
    } catch {
      // In a process this is an uncaught exception, which ends it.
      counts.failed++;
    }
    if (done % 100 === 0) {
      await nextTurn();
      expectCleanPrototypes();
    }
    channel.destroy();
  }
  counts.cases += wanted;
}

/** A real child. Its pipe is closed after the bytes if the child is waiting for more. */
async function attackProcess() {
  const child = spawn(process.execPath, [fileURLToPath(new URL('child/main.cjs', dist))], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const exited = once(child, 'exit');
  const pipe = child.stdio[3];
  pipe.on('error', () => {}).resume();
  const encoder = new Encoder();
  encoder.add([messages.START, { name: 'fuzz', parent: process.pid, concurrency: 4 }]);
  const start = Buffer.concat(encoder.takeFrames());
  const isStarted = random(4) > 0;
  pipe.write(isStarted ? start : change(start));
  // A changed first frame may announce a length that the garbage only partly fills.
  if (isStarted && random(3) === 0) pipe.write(Buffer.alloc(64, 0xff));
  else {
    pipe.write(change(createFrames()));
    pipe.end();
  }
  const [code] = await exited;
  assert(code === 0 || code === 1, `a child ended with ${code}`);
  counts.processes++;
}

process.on('unhandledRejection', (reason) => {
  console.error('unhandled', reason);
  process.exit(1);
});

const begin = performance.now();
do {
  await attackParent(cases / 2);
  await attackChild(cases - cases / 2);
  for (let left = processes; left > 0; left -= 4)
    await Promise.all(Array.from({ length: Math.min(left, 4) }, attackProcess));
} while (performance.now() - begin < seconds * 1000);
console.log(JSON.stringify({ seed, ...counts, seconds: Number(((performance.now() - begin) / 1000).toFixed(1)) }));
