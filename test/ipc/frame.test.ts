import fc from 'fast-check';
import { ProtocolError } from '../../dist/lib/errors.js';
import { ATTACHMENT, BATCH, FrameReader, HEADER_SIZE, writeHeader } from '../../dist/lib/ipc/frame.js';
import { Pipe } from '../fixtures/ipc/transfer.mjs';

type Frame = [kind: number, bytes: number[]];

const frames = fc.array(
  fc.tuple(fc.constantFrom(BATCH, ATTACHMENT), fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 40 })),
  { maxLength: 8 },
);

function toBytes(frames: readonly Frame[]): Uint8Array {
  const parts = frames.map(([kind, bytes]) => {
    const header = new Uint8Array(HEADER_SIZE);
    writeHeader(header, kind, bytes.length);
    return Buffer.concat([header, Uint8Array.from(bytes)]);
  });
  return Buffer.concat(parts);
}

/** Splits the bytes into chunks of these sizes, repeatedly. */
function* cut(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  let offset = 0;
  for (let index = 0; offset < bytes.length; index++) {
    const end = offset + (sizes[index % sizes.length] as number);
    yield bytes.subarray(offset, end);
    offset = end;
  }
}

function createReader(): { found: Frame[]; reader: FrameReader } {
  const found: Frame[] = [];
  const reader = new FrameReader({
    onBatch: (bytes, start, end) => found.push([BATCH, [...bytes.subarray(start, end)]]),
    onAttachment: (buffer) => found.push([ATTACHMENT, [...new Uint8Array(buffer)]]),
  });
  return { found, reader };
}

function read(chunks: Iterable<Uint8Array>): Frame[] {
  const { found, reader } = createReader();
  for (const chunk of chunks) reader.push(chunk);
  return found;
}

test('frames are found for every split of the stream', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 10 });
  fc.assert(
    fc.property(frames, sizes, (frames, sizes) => {
      expect(read(cut(toBytes(frames), sizes))).toEqual(frames);
    }),
    { numRuns: 2000 },
  );
});

test('the rest of an incomplete frame is read directly into its memory', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 10 });
  fc.assert(
    fc.property(frames, sizes, fc.array(fc.boolean(), { minLength: 1 }), (frames, sizes, straight) => {
      const { found, reader } = createReader();
      let rest: Uint8Array = toBytes(frames);
      for (let turn = 0; rest.length > 0; turn++) {
        const { place } = reader;
        expect(reader.missing).toBe(place?.length ?? 0);
        const chunk = rest.subarray(0, sizes[turn % sizes.length]);
        if (place === undefined || straight[turn % straight.length]) {
          reader.push(chunk);
          rest = rest.subarray(chunk.length);
        } else {
          const count = Math.min(place.length, chunk.length);
          place.set(chunk.subarray(0, count));
          reader.fill(count);
          rest = rest.subarray(count);
        }
      }
      expect(found).toEqual(frames);
    }),
    { numRuns: 2000 },
  );
});

test('frames are found byte by byte, also between empty chunks', () => {
  const frames: Frame[] = [
    [BATCH, [1, 2]],
    [ATTACHMENT, []],
    [BATCH, []],
    [ATTACHMENT, [3]],
    [BATCH, [4]],
  ];
  const chunks = [...cut(toBytes(frames), [1])].flatMap((chunk) => [chunk, new Uint8Array()]);
  expect(read(chunks)).toEqual(frames);
});

test('an incomplete frame waits for the rest', () => {
  expect(read([toBytes([[BATCH, [1, 2, 3]]]).subarray(0, -1)])).toEqual([]);
});

test('an attachment has memory of its own, of its own size', () => {
  const bytes = toBytes([[ATTACHMENT, [1, 2, 3]]]);
  const buffers: ArrayBuffer[] = [];
  new FrameReader({ onBatch: () => {}, onAttachment: (buffer) => buffers.push(buffer) }).push(bytes);
  bytes.fill(0);
  expect([...new Uint8Array(buffers[0] as ArrayBuffer)]).toEqual([1, 2, 3]);
});

test.each([
  ['an unknown kind', [1, 0, 0, 0, 2, 0, 0, 0]],
  ['a kind of 32 bits', [1, 0, 0, 0, 0, 0, 0, 0x80]],
  ['a length beyond the limit', [0, 0, 0, 0x80, 0, 0, 0, 0]],
  ['the largest length', [0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0]],
])('%s in a header is a ProtocolError', (_, header) => {
  expect(() => read([Uint8Array.from(header)])).toThrow(ProtocolError);
  expect(() => read(cut(Uint8Array.from(header), [3]))).toThrow(ProtocolError);
});

test('a header alone allocates no memory', () => {
  const before = process.memoryUsage().rss;
  expect(read([Uint8Array.from([0xff, 0xff, 0xff, 0x7f, 1, 0, 0, 0, 9, 9])])).toEqual([]);
  expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000);
});

test('messages with attachments arrive in order for every split of the stream', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 10 });
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 50_000 }), { minLength: 1, maxLength: 6 }), sizes, (lengths, sizes) => {
      const pipe = new Pipe();
      const bytes = lengths.flatMap((length, id) => {
        pipe.encoder.addResult(id, { id, memory: new Uint8Array(length).fill(id + 1), more: [id] });
        return id % 2 === 0 ? [] : [pipe.takeBytes()];
      });
      const chunks = [...cut(Buffer.concat([...bytes, pipe.takeBytes()]), sizes)];
      // One by one: 150,000 arguments overflow the stack of some versions of Node.js.
      const messages = chunks.flatMap((chunk) => pipe.receive(chunk));
      const found = messages.map(([, id, value]) => [
        id,
        value.id,
        value.memory.length,
        value.memory.at(-1),
        value.more,
      ]);
      expect(found).toEqual(lengths.map((length, id) => [id, id, length, length === 0 ? undefined : id + 1, [id]]));
    }),
    { numRuns: 200 },
  );
});
