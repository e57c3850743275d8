import { Pipe } from '../fixtures/ipc/transfer.mjs';

/** Sends a value in two messages of one frame; returns both copies. */
function sendTwice(value: unknown): [never, never] {
  return new Pipe().sendAll([value, value]) as [never, never];
}

test.each([
  ['plain objects', { a: { b: 1 } }],
  ['objects with cycles', createCycle()],
  ['arrays', [[1]]],
  ['dates', new Date()],
  ['maps', new Map([[1, {}]])],
  ['sets', new Set([{}])],
  ['errors', new Error('one')],
])('two messages of one frame share no %s', (_, value) => {
  const [one, other] = sendTwice(value);
  expect(one).toEqual(other);
  expect(reach(one).filter((part) => reach(other).includes(part))).toEqual([]);
});

test.each([
  ['a small Buffer', () => Buffer.from('small')],
  ['a large Buffer', () => Buffer.alloc(100_000)],
  ['a small typed array', () => new Float64Array(3)],
  ['a large typed array', () => new Float64Array(30_000)],
])('two messages with %s have memory of their own, of their own size', (_, create) => {
  const sent = create();
  const [one, other] = sendTwice(sent) as ArrayBufferView[] as [ArrayBufferView, ArrayBufferView];
  expect(one.buffer).not.toBe(other.buffer);
  expect([one.buffer.byteLength, other.buffer.byteLength]).toEqual([sent.byteLength, sent.byteLength]);
});

test('received values do not change with the bytes of their frame', () => {
  const pipe = new Pipe();
  const value = {
    text: 'text'.repeat(50),
    bytes: Buffer.from('bytes'),
    view: new Uint8Array([1, 2, 3]),
    key: new Map([['k', 1]]),
  };
  pipe.encoder.addResult(1, value);
  const chunk = pipe.takeBytes();
  const [[, , received]] = pipe.receive(chunk);
  chunk.fill(0xff);
  expect(received).toEqual(value);
});

function createCycle(): object {
  const cycle: { self?: object } = {};
  cycle.self = [cycle];
  return cycle;
}

/** All objects inside a value. */
function reach(value: unknown, found: object[] = []): object[] {
  if (typeof value !== 'object' || value === null || found.includes(value)) return found;
  found.push(value);
  const parts = value instanceof Map || value instanceof Set ? [...value.entries()].flat() : Object.values(value);
  for (const part of parts) reach(part, found);
  return found;
}
