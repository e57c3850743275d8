import { Socket } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { Channel } from '../../dist/lib/ipc/channel.js';
import { Encoder } from '../../dist/lib/ipc/encoder.js';
import { createOnread } from '../../dist/lib/ipc/onread.js';
import { RESULT, type ToChild, type ToParent } from '../../dist/lib/protocol/messages.js';
import { node, root } from '../support/run.ts';

/** Reads bytes like a socket with these options, `most` of them at a time, and records the buffers. */
function readAll(onread: ReturnType<typeof createOnread>, bytes: Uint8Array, most: number): Uint8Array[] {
  const places: Uint8Array[] = [];
  const nextPlace = onread.buffer as () => Uint8Array;
  let place = nextPlace();
  for (let at = 0; at < bytes.length; ) {
    places.push(place);
    const count = Math.min(place.length, most, bytes.length - at);
    place.set(bytes.subarray(at, at + count));
    at += count;
    onread.callback(count, place);
    place = nextPlace();
  }
  places.push(place);
  return places;
}

function encode(...values: unknown[]): Uint8Array {
  const encoder = new Encoder();
  const frames = values.flatMap((value, id) => {
    encoder.addResult(id, value);
    return encoder.takeFrames();
  });
  return Buffer.concat(frames);
}

function receive(bytes: Uint8Array, most: number): { values: unknown[]; places: Uint8Array[]; reads: number } {
  const values: unknown[] = [];
  let reads = 0;
  const channel = new Channel<ToParent, ToChild>(new Socket(), {
    onMessages(messages) {
      for (const message of messages) if (message[0] === RESULT) values.push(...message[2]);
    },
    onDrain() {},
    onEnd() {},
  });
  const onread = createOnread(
    () => channel,
    () => reads++,
  );
  return { values, places: readAll(onread, bytes, most), reads };
}

const large = (size: number, seed: number) =>
  Buffer.alloc(size, Buffer.from(Array.from({ length: 251 }, (_, at) => at * seed)));

test.each([1000, 65_536, 212_992, Number.POSITIVE_INFINITY])('values arrive in reads of up to %d bytes', (most) => {
  const sent = [
    'small',
    large(300_000, 3),
    'small',
    large(70_000, 5),
    { deep: [large(500_000, 7)] },
    'x'.repeat(400_000),
  ];
  const { values, places, reads } = receive(encode(...sent), most);
  expect(isDeepStrictEqual(values, sent)).toBe(true);
  expect(reads).toBe(places.length - 1);
});

test('the bulk of a large value is read directly into its memory', () => {
  const { values, places } = receive(encode(large(1_000_000, 3)), Number.POSITIVE_INFINITY);
  const [value] = values as [Buffer];
  expect(places.some((place) => place.buffer === value.buffer)).toBe(true);
});

test('a complete value is not written to', () => {
  const { values, places } = receive(encode(large(200_000, 3), large(200_000, 5)), Number.POSITIVE_INFINITY);
  const buffers = values.map((value) => (value as Buffer).buffer);
  expect(new Set(buffers).size).toBe(2);
  expect(buffers).not.toContain(places.at(-1)?.buffer);
});

test('no buffer is empty, also after invalid bytes', () => {
  for (const most of [1, 65_536]) {
    const places = receive(Buffer.alloc(100_000, 0xff), most).places;
    expect(Math.min(...places.map((place) => place.length))).toBeGreaterThan(0);
  }
});

test('an error of a listener is thrown once the next buffer is set', async () => {
  expect(await node([`${root}test/fixtures/ipc/failing-listener.mjs`])).toEqual({
    code: 0,
    stdout: 'reads on: true\nnext buffer\nthrown: of a listener\n',
    stderr: '',
  });
});
