import fc from 'fast-check';
import { Packr } from 'msgpackr/pack';
import { ProtocolError } from '../../dist/lib/errors.js';
import { BATCH, HEADER_SIZE, writeHeader } from '../../dist/lib/ipc/frame.js';
import {
  BEGUN,
  GRAPH,
  LOADED,
  LOADING,
  PROGRESS,
  RESULT,
  TASK,
  TIMES,
  VALUE_INDEX,
} from '../../dist/lib/protocol/messages.js';
import { Pipe } from '../fixtures/ipc/transfer.mjs';
import { anyDescription, build } from '../fixtures/ipc/values.mjs';

/** The messages that a decoder reads, or its {@link ProtocolError}; any other error fails the test. */
function decode(...chunks: Uint8Array[]): unknown[] | ProtocolError {
  try {
    return new Pipe().receive(...chunks);
  } catch (error) {
    if (error instanceof ProtocolError) return error;
    throw error;
  }
}

function frame(body: Uint8Array | readonly number[], kind: number = BATCH): Uint8Array {
  const header = new Uint8Array(HEADER_SIZE);
  writeHeader(header, kind, body.length);
  return Buffer.concat([header, Uint8Array.from(body)]);
}

/** A frame of valid msgpack that violates the protocol. */
function pack(batch: unknown): Uint8Array {
  return frame(new Packr({ sequential: true, moreTypes: true }).pack(batch));
}

function decodeGraph(shapes: unknown, rows: unknown, root: unknown = [0]): unknown[] | ProtocolError {
  return decode(pack([[RESULT, 1, [shapes, rows, root], GRAPH]]));
}

function expectCleanPrototypes(): void {
  for (const { prototype } of [Object, Array, Function, Map, Error]) {
    for (const key in prototype) throw new Error(`a prototype has got a property ${key}`);
  }
  expect(Object.getPrototypeOf({})).toBe(Object.prototype);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
}

afterEach(expectCleanPrototypes);

describe('arbitrary bytes are messages or a ProtocolError', () => {
  const bytes = fc.uint8Array({ maxLength: 200 });

  test('in the stream', () => {
    fc.assert(
      fc.property(bytes, (bytes) => void decode(bytes)),
      { numRuns: 3000 },
    );
  });

  test('in a frame', () => {
    fc.assert(
      fc.property(bytes, (bytes) => void decode(frame(bytes))),
      { numRuns: 3000 },
    );
  });

  /** Bytes that are tokens of msgpack other than numbers and texts. */
  const token = fc.oneof(
    fc.constantFrom(
      0x40,
      0x41,
      0x60,
      0x72,
      0x81,
      0x91,
      0x92,
      0x93,
      0x9f,
      0xc1,
      0xc4,
      0xc7,
      0xd4,
      0xd5,
      0xd6,
      0xdc,
      0xdd,
    ),
    fc.constantFrom(0x62, 0x65, 0x69, 0x70, 0x73, 0x74, 0x78, 0x42, 0xff, 0x00, 0x01, 0x06),
    fc.integer({ min: 0, max: 255 }),
  );

  test('made of the tokens of msgpack', () => {
    const tokens = fc.array(token, { maxLength: 60 }).map((rest) => frame([0x91, 0x93, RESULT, ...rest]));
    fc.assert(
      fc.property(tokens, (bytes) => void decode(bytes)),
      { numRuns: 3000 },
    );
  });

  test('with changes to a valid frame', () => {
    const change = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      byte: token,
      remove: fc.nat({ max: 3 }),
    });
    fc.assert(
      fc.property(anyDescription, fc.array(change, { minLength: 1, maxLength: 4 }), (description, changes) => {
        const pipe = new Pipe();
        pipe.encoder.addResult(1, build(description));
        pipe.encoder.addResult(2, { a: 1, list: [{ a: 2 }] });
        const body = [...pipe.takeBytes().subarray(HEADER_SIZE)];
        for (const { at, byte, remove } of changes) body.splice(Math.floor(at * body.length), remove, byte);
        void decode(frame(body));
      }),
      { numRuns: 2000 },
    );
  });

  test('with any value as an id', () => {
    const part = fc.oneof(
      fc.integer(),
      fc.bigInt(),
      fc.double(),
      fc.string(),
      fc.constantFrom(null, true, [], [1], {}),
    );
    const message = fc
      .tuple(fc.nat({ max: VALUE_INDEX.length }), fc.array(part, { maxLength: 4 }))
      .map(([kind, parts]) => [kind, ...parts]);
    fc.assert(
      fc.property(message, (message) => void decode(pack([message]))),
      { numRuns: 3000 },
    );
  });

  test('cut off anywhere', () => {
    fc.assert(
      fc.property(anyDescription, fc.double({ min: 0, max: 1, noNaN: true }), (description, at) => {
        const pipe = new Pipe();
        pipe.encoder.addResult(1, build(description));
        const body = pipe.takeBytes().subarray(HEADER_SIZE);
        void decode(frame(body.subarray(0, Math.floor(at * body.length))), frame([]));
      }),
      { numRuns: 3000 },
    );
  });

  test('with other rows in a graph', () => {
    const slot = fc.oneof(
      fc.nat({ max: 12 }),
      fc.nat({ max: 3 }).map((row) => [row]),
      fc.string({ maxLength: 3 }),
      fc.constant(null),
    );
    const list = fc.array(fc.oneof(slot, fc.array(slot, { maxLength: 3 })), { maxLength: 4 });
    const row = fc.tuple(fc.nat({ max: 12 }), list).map(([kind, rest]) => [kind, ...rest]);
    const graph = fc.tuple(fc.array(list, { maxLength: 3 }), fc.array(row, { maxLength: 4 }), slot);
    fc.assert(
      fc.property(graph, ([shapes, rows, root]) => void decodeGraph(shapes, rows, root)),
      { numRuns: 3000 },
    );
  });
});

describe('is a ProtocolError', () => {
  test.each<[string, unknown]>([
    ['a batch that is not a list', { a: 1 }],
    ['a message that is not a list', [1]],
    ['a kind that does not exist', [[99, 1, 1]]],
    ['a kind that is a name of a list', [['length', 1]]],
    ['a kind that is text', [['6', 1, 1]]],
    ['no kind', [[]]],
    ['a message that is too short', [[RESULT, 1]]],
    ['results that are no list', [[RESULT, 1, { length: 1 }]]],
    ['tasks that are no list', [[TASK, 1, 0, 'args']]],
    ['a message that is too long', [[RESULT, 1, 2, 3]]],
    ['results whose id is a big integer', [[RESULT, 1n, [1]]]],
    ['results whose id is text', [[RESULT, '1', [1]]]],
    ['a graph whose id is an object', [[RESULT, {}, [[], [], 5], GRAPH]]],
    ['progress whose id is a big integer', [[PROGRESS, 1n, 1]]],
    ['times that are big integers', [[TIMES, 1, 2n, 3]]],
    ['the begin of a task with more than its id', [[BEGUN, 1, 2]]],
    ['an import of no function', [[LOADING]]],
    ['an import with a graph of nothing', [[LOADED, [[], [], 1], 5]]],
    ['a graph with something behind it', [[RESULT, 1, [[], [], 5], GRAPH, 7]]],
    ['a graph that is none', [[RESULT, 1, 5, GRAPH]]],
    ['a graph of no lists', [[RESULT, 1, [1, 2, 3], GRAPH]]],
  ])('%s', (_, batch) => {
    expect(decode(pack(batch))).toBeInstanceOf(ProtocolError);
  });

  test.each<[string, unknown[], unknown[], unknown?]>([
    ['a row that does not exist', [], [], [1]],
    ['a row with a negative number', [], [], [-1]],
    ['a row with a name', [], [], ['length']],
    ['a row that is not a list', [], [5]],
    ['a row of an unknown kind', [], [[99]]],
    ['a shape that does not exist', [], [[0, 0, []]]],
    ['a shape by a name', [], [[0, 'length', []]]],
    ['a key that is not a text', [[5]], [[0, 0, [1]]]],
    ['fewer values than keys', [['a', 'b']], [[0, 0, [1]]]],
    ['fewer values than keys of a map', [], [[3, [1, 2], [1]]]],
    ['a length among the properties of an array', [], [[2, 1, ['length'], [5]]]],
    ['an array of negative length', [], [[2, -1, [], []]]],
    ['an array of too large a length', [], [[2, 2 ** 32, [], []]]],
    ['a time that is none', [], [[5, 'now']]],
    ['an expression that does not parse', [], [[6, '(', '']]],
    ['flags that do not exist', [], [[6, 'a', 'xyz']]],
    ['a view without memory', [], [[9, 2, [0], 0, 1]]],
    [
      'a view of an unknown type',
      [],
      [
        [8, Buffer.alloc(8), -1],
        [9, 99, [0], 0, 1],
      ],
    ],
    [
      'a view of a type by name',
      [],
      [
        [8, Buffer.alloc(8), -1],
        [9, 'length', [0], 0, 1],
      ],
    ],
    [
      'a view beyond its memory',
      [],
      [
        [8, Buffer.alloc(8), -1],
        [9, 2, [0], 4, 5],
      ],
    ],
    [
      'a view that is not aligned',
      [],
      [
        [8, Buffer.alloc(8), -1],
        [9, 9, [0], 1, 1],
      ],
    ],
    [
      'a view that follows fixed memory',
      [],
      [
        [8, Buffer.alloc(8), -1],
        [9, 2, [0], 0, -1],
      ],
    ],
    ['memory that is larger than it may be', [], [[8, Buffer.alloc(8), 4]]],
    ['memory beyond any machine', [], [[8, Buffer.alloc(8), 2 ** 60]]],
    ['memory that did not come along', [], [[8, 0, -1]]],
    ['memory that is none', [], [[8, 'text', -1]]],
    ['an error without classes', [], [[11, 5, [], [], 0, 0]]],
    ['a big integer that does not parse', [], [], [1, 'xyz']],
    ['a big integer without digits', [], [], [1, '-']],
    ['a form that does not exist', [], [], [9, 9]],
  ])('%s', (...[, shapes, rows, root]) => {
    expect(decodeGraph(shapes, rows, root)).toBeInstanceOf(ProtocolError);
  });

  test('an attachment below the minimal size', () => {
    expect(decode(frame([], 1))).toBeInstanceOf(ProtocolError);
  });

  test('an attachment that two values use', () => {
    const attachment = frame(new Uint8Array(20_000), 1);
    const batch = pack([
      [
        RESULT,
        1,
        [
          [],
          [
            [8, 0, -1],
            [8, 0, -1],
          ],
          [0],
        ],
        GRAPH,
      ],
    ]);
    expect(decode(attachment, batch)).toBeInstanceOf(ProtocolError);
  });

  test('an attachment of the previous frame', () => {
    const batch = pack([[RESULT, 1, [[], [[8, 0, -1]], [0]], GRAPH]]);
    expect(decode(frame(new Uint8Array(20_000), 1), pack([]), batch)).toBeInstanceOf(ProtocolError);
  });

  test.each([
    ['lists', 0x91],
    ['maps', 0x81],
  ])('a million nested %s', (_, token) => {
    expect(decode(frame(new Uint8Array(1_000_000).fill(token)))).toBeInstanceOf(ProtocolError);
  });

  test.each([
    ['a list', [0xdd, 0xff, 0xff, 0xff, 0xff]],
    ['lists in lists', Array.from({ length: 2000 }, () => [0xdd, 0x00, 0x0f, 0xff, 0xff]).flat()],
    ['a map', [0xdf, 0xff, 0xff, 0xff, 0xff]],
    ['bytes', [0xc6, 0xff, 0xff, 0xff, 0xff]],
    ['a text', [0xdb, 0xff, 0xff, 0xff, 0xff]],
    ['an extension', [0xc9, 0xff, 0xff, 0xff, 0xff, 0x42]],
  ])('%s longer than the frame, without allocating the memory', (_, bytes) => {
    const before = process.memoryUsage();
    expect(decode(frame([0x91, ...bytes, 1, 2, 3]))).toBeInstanceOf(ProtocolError);
    const after = process.memoryUsage();
    expect(after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers).toBeLessThan(50_000_000);
  });

  test('bytes after the batch, without printing the batch', () => {
    const bytes = Buffer.alloc(20_000_000);
    bytes.set([0x91, 0x93, RESULT, 1, 0xc6, 0x01, 0x31, 0x00, 0x00]);
    const before = process.memoryUsage().heapUsed;
    expect(decode(frame(bytes))).toBeInstanceOf(ProtocolError);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(50_000_000);
  });

  test('a value that refers to itself thousands of times, without delay', () => {
    // [id 1: [1], id 2: [the first, the first], id 3: [the second, the second], …] and a byte too many.
    const levels = Array.from({ length: 60 }, (_, index) => {
      const [id, before] = [index + 2, index + 1];
      return [0xd6, 0x69, 0, 0, 0, id, 0x92, 0xd6, 0x70, 0, 0, 0, before, 0xd6, 0x70, 0, 0, 0, before];
    });
    const bytes = [0xdc, 0, 61, 0xd6, 0x69, 0, 0, 0, 1, 0x91, 1, ...levels.flat(), 1];
    expect(decode(frame(bytes))).toBeInstanceOf(ProtocolError);
  });
});

describe('small frames cannot demand much memory', () => {
  test('long empty arrays', () => {
    const rows = Array.from({ length: 1000 }, () => [2, 30_000_000, [], []]);
    const before = process.memoryUsage().heapUsed;
    expect(decodeGraph([], rows)).toHaveLength(1);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(50_000_000);
  });

  test('keys named once and used often', () => {
    const keys = Array.from({ length: 10_000 }, (_, index) => `key ${index}`);
    expect(
      decodeGraph(
        [keys],
        Array.from({ length: 10_000 }, () => [0, 0, []]),
      ),
    ).toBeInstanceOf(ProtocolError);
  });
});

describe('prototypes stay unchanged', () => {
  const polluted = { polluted: true };
  const key = '__proto__';

  test.each<[string, unknown[], unknown[]]>([
    [
      'the key of a record',
      [[key, 'a']],
      [
        [0, 0, [[1], 1]],
        [0, 1, []],
      ],
    ],
    ['the key of an array', [], [[2, 1, [key], [polluted]]]],
    ['the property of an error', [], [[11, ['Error'], [key, 'message'], [polluted, 'text'], 0, 0]]],
    ['the class of an error', [], [[11, [key], ['message'], ['text'], 0, 0]]],
    ['another class of an error', [], [[11, ['constructor', 'Object', 'Function'], ['name'], ['constructor'], 0, 1]]],
  ])('%s', (_, shapes, rows) => {
    void decodeGraph([...shapes, []], rows);
  });

  test.each(['__proto__', 'constructor', 'prototype'])('a record with a key %s', (name) => {
    const record = Object.defineProperty({ a: 1 }, name, { value: polluted, enumerable: true });
    void decode(
      pack([
        [RESULT, 1, [record]],
        [RESULT, 2, [record]],
        [RESULT, 3, [record]],
        [RESULT, 4, [record]],
        [RESULT, 5, [record]],
      ]),
    );
    void decode(frame(new Packr({ useRecords: false }).pack([[RESULT, 1, [record]]])));
  });
});
