import { isDeepStrictEqual } from 'node:util';
import { runInNewContext } from 'node:vm';
import { differsFromClone } from '../fixtures/ipc/compare.mjs';
import { assertBetterFidelity, assertFidelity } from '../fixtures/ipc/fidelity.mjs';
import { Pipe, send } from '../fixtures/ipc/transfer.mjs';
import { node, root } from '../support/run.ts';

describe('any value', () => {
  test('arrives as structuredClone would copy it', () => {
    assertFidelity({ numRuns: 1000 });
  });

  test('with Buffers and Errors arrives unchanged', () => {
    assertBetterFidelity({ numRuns: 1000 });
  });

  test('arrives the same outside of a vm context', async () => {
    const result = await node([`${root}test/fixtures/ipc/fidelity.mjs`, '20251', '4000'], { timeout: 80_000 });
    expect(result).toEqual({ code: 0, stdout: 'faithful\n', stderr: '' });
  }, 90_000);
});

describe('large values', () => {
  test('a list of 100,000 linked objects arrives completely', () => {
    let list: { next?: unknown } = {};
    for (let count = 0; count < 100_000; count++) list = { next: list };
    let length = 0;
    for (let at = send(list); at.next !== undefined; at = at.next) length++;
    expect(length).toBe(100_000);
  });

  test('100,000 nested arrays arrive completely', () => {
    let nested: unknown[] = [];
    for (let count = 0; count < 100_000; count++) nested = [nested];
    let depth = 0;
    for (let at = send(nested); at.length > 0; at = at[0]) depth++;
    expect(depth).toBe(100_000);
  });

  test('an object with 100,000 keys arrives in order', () => {
    const wide = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`key ${index}`, index]));
    expect(isDeepStrictEqual(Object.entries(send(wide)), Object.entries(wide))).toBe(true);
  });

  test('a list of 100,000 records arrives in order', () => {
    const list = Array.from({ length: 100_000 }, (_, id) => ({ id, name: `name ${id}`, parent: { id: id - 1 } }));
    expect(isDeepStrictEqual(send(list), list)).toBe(true);
  });

  test('a text of ten million characters arrives', () => {
    const text = 'aé漢😀'.repeat(2_000_000);
    expect(send({ text }).text === text).toBe(true);
  });

  test('an integer of a million bits arrives', () => {
    expect(send(-(1n << 1_000_000n)) === -(1n << 1_000_000n)).toBe(true);
  });

  test('an attachment arrives byte for byte, shared by its views', () => {
    const bytes = Uint8Array.from({ length: 1_000_000 }, (_, index) => index * 7);
    const { whole, part, copy } = send({ whole: bytes, part: bytes.subarray(5, 20), copy: bytes.slice() });
    expect(Buffer.compare(whole, bytes)).toBe(0);
    expect(part.buffer).toBe(whole.buffer);
    expect(part.byteOffset).toBe(5);
    expect(copy.buffer).not.toBe(whole.buffer);
  });

  test('a long array with holes takes no more memory than its elements', () => {
    const sparse: unknown[] = [];
    sparse.length = 30_000_000;
    sparse[29_999_999] = 'last';
    const before = process.memoryUsage().heapUsed;
    const received = send(sparse);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(50_000_000);
    expect([received.length, Object.keys(received)]).toEqual([30_000_000, ['29999999']]);
  });
});

describe('special cases', () => {
  test.each<[string, () => unknown]>([
    [
      'keys that contain the separator of keys',
      () => [-0, { 'a\0b': 1, c: 2 }, { a: 1, 'b\0c': 2 }, { a: 1, 'b\0c': 3 }],
    ],
    ['an empty view that follows its memory', () => new Uint16Array(new ArrayBuffer(0, { maxByteLength: 8 }))],
    ['an empty view at the end of its memory', () => new DataView(new ArrayBuffer(4, { maxByteLength: 8 }), 4)],
    [
      'an empty view that does not follow its memory',
      () => new Uint16Array(new ArrayBuffer(0, { maxByteLength: 8 }), 0, 0),
    ],
    [
      'a view of the whole of memory that cannot grow',
      () => new Uint8Array(new ArrayBuffer(8, { maxByteLength: 8 }), 0, 8),
    ],
    ['a view that follows memory that cannot grow', () => new Uint8Array(new ArrayBuffer(8, { maxByteLength: 8 }))],
    ['a subclass of Array with a constructor of its own', () => new Matrix(-0, 1)],
    ['a subclass of Map that hides its entries', () => new HidingMap([[1, 2]])],
    ['a boxed number that hides its value', () => Object.assign(Object(1), { valueOf: 5 })],
    ['an array of another realm', () => runInNewContext('[1, { a: new Map([[1, new Date(0)]]) }]')],
    [
      'a dictionary of 1,000 keys',
      () => Object.fromEntries(Array.from({ length: 1000 }, (_, id) => [`key ${id}`, { id }])),
    ],
  ])('%s', (_, create) => {
    expect(differsFromClone(send(create()), create())).toBeUndefined();
  });
});

class Matrix extends Array<number> {
  constructor(first: number, second: number) {
    super();
    if (second === undefined) throw new TypeError('a matrix needs two numbers');
    this.push(first, second);
  }
}

class HidingMap extends Map<unknown, unknown> {
  override *[Symbol.iterator](): MapIterator<[unknown, unknown]> {}
}

describe('records', () => {
  test('of thousands of shapes arrive, also when shapes are repeated', () => {
    const pipe = new Pipe();
    const records = Array.from({ length: 5000 }, (_, id) => ({ id, [`only ${id % 2500}`]: id, same: true }));
    for (let at = 0; at < records.length; at += 50) {
      const part = records.slice(at, at + 50);
      expect(pipe.sendAll(part)).toEqual(part);
    }
  });

  test.each(['__keys__', '__proto__', 'hasOwnProperty', 'constructor'])(
    'with a key %s keep it, before and after others',
    (key) => {
      const pipe = new Pipe();
      const define = (target: object, more: object = {}) =>
        Object.assign(
          Object.defineProperty(target, key, { value: 1, enumerable: true, configurable: true, writable: true }),
          more,
        );
      const values = [
        { a: 1 },
        { b: 1 },
        define({ c: 1 }),
        { c: 1 },
        define({ a: 1 }),
        define({ a: 1 }, { map: 2 }),
        { a: 1 },
        define({ b: 1 }, { map: 2 }),
        define({}),
      ];
      for (const value of [...values, ...values]) expect(differsFromClone(pipe.send(value), value)).toBeUndefined();
    },
  );
});

describe('an inherited property is not sent', () => {
  afterEach(() => {
    Reflect.deleteProperty(Object.prototype, 'inherited');
  });

  test.each<[string, object[]]>([
    ['which no record has', [{ a: 1 }]],
    ['which a record before had', [{ a: 1, inherited: 1 }, { a: 1 }]],
  ])('%s', (_, values) => {
    const pipe = new Pipe();
    pipe.sendAll(values.slice(0, -1));
    Object.defineProperty(Object.prototype, 'inherited', { value: 1, enumerable: true, configurable: true });
    expect(Object.keys(pipe.send(values.at(-1)))).toEqual(['a']);
  });
});

describe('texts', () => {
  test.each([0, 1, 23, 24, 25, 31, 32, 84, 85, 86, 255, 256, 21_845, 21_846, 65_535, 65_536, 70_000])(
    'of %i characters arrive',
    (length) => {
      const texts = ['a', 'é', '漢'].map((character) => character.repeat(length));
      texts.push(`${'a'.repeat(length)}é`);
      expect(send(texts)).toEqual(texts);
      for (const text of texts) expect(send(text)).toBe(text);
    },
  );
});

test('integers at the limits of their tokens arrive', () => {
  const edges = [0, 31, 32, 63, 64, 127, 128, 255, 256, 65_535, 65_536, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53];
  const integers = edges.flatMap((edge) => [edge - 1, edge, edge + 1, -edge - 1, -edge + 1, edge === 0 ? 0 : -edge]);
  expect(send(integers)).toEqual(integers);
});

describe('Buffers', () => {
  test.each([0, 1, 100, 20_000, 100_000])(
    'of %i bytes stay Buffers and leave the rest of their pool behind',
    (size) => {
      const pool = Buffer.alloc(size + 10, 'secret');
      const { first, again } = send({ first: pool.subarray(3, 3 + size), again: pool.subarray(3, 3 + size) });
      expect(Buffer.isBuffer(first)).toBe(true);
      expect(first.equals(pool.subarray(3, 3 + size))).toBe(true);
      expect(first.buffer.byteLength).toBe(size);
      expect(again.buffer).not.toBe(first.buffer);
    },
  );

  test('arrive as Buffers, also when the frame is a plain Uint8Array', () => {
    const pipe = new Pipe();
    pipe.encoder.addResult(1, Buffer.from('text'));
    const [message] = pipe.receive(new Uint8Array(pipe.takeBytes()));
    expect(Buffer.isBuffer(message[2])).toBe(true);
    expect(String(message[2])).toBe('text');
  });
});

/** Its class overrides a property of the language. */
class Pixels extends Uint8Array {
  override get buffer(): never {
    throw new Error('no one may have it');
  }
}

test.each([
  ['whose class overrides "buffer"', () => new Pixels(new ArrayBuffer(64), 8, 16).fill(1)],
  [
    'with a "byteOffset" of its own',
    () => Object.defineProperty(new Uint8Array(16).fill(1), 'byteOffset', { value: 8 }),
  ],
  ['with a "length" of its own', () => Object.defineProperty(new Uint8Array(16).fill(1), 'length', { value: 1e9 })],
  ['with a "byteLength" of its own', () => Object.defineProperty(Buffer.alloc(16, 1), 'byteLength', { value: -1 })],
])('a typed array %s arrives with all of its elements', (_, create) => {
  expect([...send(create())]).toEqual(Array(16).fill(1));
});
