import { Readable } from 'node:stream';
import { runInNewContext } from 'node:vm';
import { SerializationError } from '../../dist/lib/errors.js';
import * as namespace from '../fixtures/ipc/constants.mjs';
import { Pipe, send } from '../fixtures/ipc/transfer.mjs';

function* generate(): Generator<number> {
  yield 1;
}

async function* generateAsync(): AsyncGenerator<number> {
  yield 1;
}

class Empty {}

const listArguments = new Function('return arguments') as (...args: unknown[]) => object;

function createDetached(): ArrayBuffer {
  const buffer = new ArrayBuffer(8);
  structuredClone(buffer, { transfer: [buffer] });
  return buffer;
}

function createOutside(
  View: new (buffer: ArrayBuffer, byteOffset: number, length: number) => ArrayBufferView,
): ArrayBufferView {
  const buffer = new ArrayBuffer(8, { maxByteLength: 16 });
  const view = new View(buffer, 4, 4);
  buffer.resize(2);
  return view;
}

function createRevoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

function createThrower(): object {
  return {
    get it(): never {
      throw new Error('not today');
    },
  };
}

/** Values that have no equivalent in another process. */
const unsendable: [string, unknown][] = [
  ['a function', () => {}],
  ['a class', Empty],
  ['a symbol', Symbol('name')],
  ['a boxed symbol', Object(Symbol('name'))],
  ['a Promise', Promise.resolve(1)],
  ['a WeakMap', new WeakMap()],
  ['a WeakSet', new WeakSet()],
  ['a WeakRef', new WeakRef({})],
  ['a Proxy of an object', new Proxy({ a: 1 }, {})],
  ['a Proxy of an array', new Proxy([1], {})],
  ['a revoked Proxy', createRevoked()],
  ['a generator', generate()],
  ['an async generator', generateAsync()],
  ['an iterator of a list', [1][Symbol.iterator]()],
  ['an iterator of a map', new Map([[1, 2]]).entries()],
  ['a module namespace', namespace],
  ['arguments', listArguments(1, 2)],
  ['no arguments', listArguments()],
  ['a URL', new URL('https://example.com')],
  ['Headers', new Headers({ a: 'b' })],
  ['an AbortSignal', new AbortController().signal],
  ['an instance without properties', new Empty()],
  ['an object that only inherits', Object.create({ a: 1 })],
  ['a pretended Date', Object.create(Date.prototype)],
  ['a pretended Map', Object.create(Map.prototype)],
  ['a stream', new Readable()],
  ['shared memory', new SharedArrayBuffer(8)],
  ['a view on shared memory', new Uint8Array(new SharedArrayBuffer(8))],
  ['a detached ArrayBuffer', createDetached()],
  [
    'a view on a detached ArrayBuffer',
    (() => {
      const view = new Uint8Array(8);
      structuredClone(view, { transfer: [view.buffer] });
      return view;
    })(),
  ],
  [
    'a detached Buffer',
    (() => {
      const buffer = Buffer.from(new ArrayBuffer(8));
      structuredClone(buffer, { transfer: [buffer.buffer] });
      return buffer;
    })(),
  ],
  ['a typed array outside of its memory', createOutside(Uint8Array)],
  ['a DataView outside of its memory', createOutside(DataView)],
  ['a function of another realm', runInNewContext('() => {}')],
  ['a Promise of another realm', runInNewContext('Promise.resolve()')],
];

/** Why a value cannot be sent. */
function refusalOf(value: unknown, path: 'args' | 'result' = 'args'): SerializationError {
  const pipe = new Pipe();
  try {
    if (path === 'args') pipe.encoder.addTask(1, 1, value as unknown[]);
    else pipe.encoder.addResult(1, value);
  } catch (error) {
    expect(error).toBeInstanceOf(SerializationError);
    expect(pipe.encoder.isEmpty).toBe(true);
    return error as SerializationError;
  }
  throw new Error('it was not refused');
}

describe('a value without an equivalent in another process is refused with its path', () => {
  test.each(unsendable)('%s', (_, value) => {
    expect(refusalOf(value, 'result').path).toBe('result');
    expect(refusalOf([value]).path).toBe('args[0]');
    expect(refusalOf([1, { user: { callback: value } }]).path).toBe('args[1].user.callback');
    expect(refusalOf({ items: [0, 1, 2, value] }, 'result').path).toBe('result.items[3]');
    expect(refusalOf({ items: [-0, 1, 2, value] }, 'result').path).toBe('result.items[3]');
  });

  test.each<[string, unknown, string]>([
    ['a value of a map', new Map([['a b', () => {}]]), 'result.get("a b")'],
    ['a value of a map by an object', new Map([[{}, () => {}]]), 'result[value 0]'],
    ['a key of a map', new Map([[() => {}, 1]]), 'result[key 0]'],
    ['an item of a set', new Set([1, () => {}]), 'result[item 1]'],
    ['a key with spaces', { 'a b': () => {} }, 'result["a b"]'],
    ['a named property of an array', Object.assign([1], { more: () => {} }), 'result.more'],
    ['an item after a hole', Object.assign([], { 2: () => {} }), 'result[2]'],
    ['a getter that throws', createThrower(), 'result.it'],
    [
      'an item that throws',
      Object.defineProperty([0, 1], 1, {
        get: () => {
          throw new Error('no');
        },
        enumerable: true,
      }),
      'result[1]',
    ],
    ['memory behind a view', { view: new Uint8Array(new SharedArrayBuffer(1)) }, 'result.view'],
  ])('%s', (_, value, path) => {
    expect(refusalOf(value, 'result').path).toBe(path);
  });

  test('the message names the path and the reason', () => {
    expect(refusalOf([{ save: function saveUser() {} }]).message).toBe(
      'args[0].save cannot be sent to another process: it is a function (saveUser)',
    );
    expect(refusalOf([new URL('https://example.com')]).message).toBe(
      'args[0] cannot be sent to another process: ' +
        'an instance of URL has no enumerable properties of its own to send',
    );
  });

  test('the error of a getter is the cause', () => {
    expect(refusalOf(createThrower(), 'result').cause).toEqual(new Error('not today'));
  });

  test('an object in an error is refused if another value also refers to it', () => {
    const shared = { callback: () => {} };
    const error = Object.assign(new Error('it'), { shared });
    expect(refusalOf([error, [shared]]).path).toBe('args[1][0].callback');
  });
});

describe('a message that cannot be sent', () => {
  const good = (id: number) => ({ id, name: `name ${id}`, tags: ['a', 'b'] });

  test('does not affect the other messages of its frame and of later frames', () => {
    const pipe = new Pipe();
    for (let round = 0; round < 3; round++) {
      for (let id = 0; id < 50; id++) {
        pipe.encoder.addResult(id, { ...good(id), [`only ${round}`]: id, big: new Uint8Array(20_000).fill(id) });
        expect(() => pipe.encoder.addResult(id, [new Uint8Array(20_000), { deep: [good(id), Symbol('no')] }])).toThrow(
          SerializationError,
        );
      }
      const values = pipe.flush().map((message) => message[2]);
      expect(values.map(({ id, name, big }) => [id, name, big.every((byte: number) => byte === id)])).toEqual(
        Array.from({ length: 50 }, (_, id) => [id, `name ${id}`, true]),
      );
    }
  });

  test('leaves no bytes in the frame', () => {
    const pipe = new Pipe();
    pipe.encoder.addResult(1, 'small');
    expect(() => pipe.encoder.addResult(2, [new Uint8Array(100_000), [[[Symbol('no')]]]])).toThrow(SerializationError);
    expect(pipe.encoder.size).toBeLessThan(100);
    expect(pipe.takeBytes().length).toBeLessThan(100);
  });

  /** An object whose `it` returns these values one after the other, and repeats the last one. */
  function changing(...values: unknown[]): object {
    let reads = 0;
    return {
      get it() {
        const value = values[Math.min(reads++, values.length - 1)];
        if (value instanceof Error) throw value;
        return value;
      },
    };
  }

  test.each<[string, object]>([
    ['a function', changing(1, () => {})],
    ['a symbol', changing(1, Symbol('no'))],
    ['an exception', changing(1, new Error('not today'))],
  ])('is read once, also when the value of a getter is %s', (_, value) => {
    const pipe = new Pipe();
    const values = [good(1), { first: good(2), value }, { other: 1 }, good(3)];
    expect(pipe.sendAll(values)).toEqual([good(1), { first: good(2), value: { it: 1 } }, { other: 1 }, good(3)]);
  });

  test('is sent in the state in which it was added', () => {
    const pipe = new Pipe();
    const value = { list: [1], nested: { a: 1 } };
    pipe.encoder.addResult(1, value);
    value.list.push(2);
    value.nested = { a: 2 };
    expect(pipe.flush()).toEqual([[6, 1, { list: [1], nested: { a: 1 } }]]);
  });

  test('removes the definitions of its records', () => {
    const pipe = new Pipe();
    expect(() => pipe.encoder.addResult(1, [{ fresh: 1 }, { another: [{ inner: 2 }] }, () => {}])).toThrow();
    const value = [{ another: 1 }, { fresh: 2 }, { inner: { fresh: 3 } }];
    expect(pipe.sendAll([value, good(1)])).toEqual([value, good(1)]);
  });

  test.each<[string, (object: Record<string, unknown>) => void]>([
    ['adds a property to', (object) => void Object.assign(object, { more: 1 })],
    ['removes a property from', (object) => void delete object.last],
  ])('with a getter that %s its object arrives as structuredClone would copy it', (_, change) => {
    const create = () => {
      const object: Record<string, unknown> = {
        get it() {
          change(object);
          return 1;
        },
        middle: 2,
        last: 3,
      };
      return object;
    };
    const pipe = new Pipe();
    expect(pipe.sendAll([create(), good(1)])).toEqual([structuredClone(create()), good(1)]);
  });

  test.each<[string, (list: unknown[]) => void]>([
    ['longer', (list) => void list.push(1)],
    ['shorter', (list) => void list.pop()],
  ])('with a getter that makes its list %s arrives completely', (_, change) => {
    const list: unknown[] = [
      {
        get it() {
          if (list.length === 3) change(list);
          return 1;
        },
      },
      2,
      3,
    ];
    const [received] = new Pipe().sendAll([list]);
    expect(received).toEqual([{ it: 1 }, ...list.slice(1)]);
  });

  test('keeps the memory of the messages before and after it', () => {
    const pipe = new Pipe();
    const large = (fill: number) => new Uint8Array(30_000).fill(fill);
    pipe.encoder.addResult(1, large(1));
    expect(() => pipe.encoder.addResult(2, [large(2), () => {}])).toThrow(SerializationError);
    pipe.encoder.addResult(3, large(3));
    expect(pipe.flush().map((message) => message[2][0])).toEqual([1, 3]);
  });
});

describe('a getter that sends a message itself', () => {
  test('while its value is checked changes neither message', () => {
    const pipe = new Pipe();
    const value = {
      list: [{ a: 1 }, { b: 2 }],
      get nested() {
        pipe.encoder.addResult(2, { from: 'getter', list: [{}, {}] });
        return { c: 3 };
      },
    };
    const shared = [value, value.list, value.list];
    pipe.encoder.addResult(1, shared);
    const arrived = new Map(pipe.flush().map((message) => [message[1], message[2]]));
    expect(arrived.get(1)[1]).toBe(arrived.get(1)[2]);
    expect(arrived.get(2)).toEqual({ from: 'getter', list: [{}, {}] });
  });

  test.each<[string, unknown]>([
    ['plain', 1],
    ['not plain', -0],
  ])('while its value, which is %s, is written has its message sent afterwards', (_, outer) => {
    const pipe = new Pipe();
    const written: Uint8Array[] = [];
    const flush = () => written.push(...pipe.encoder.takeFrames());
    pipe.encoder.addResult(0, { before: 1 });
    pipe.encoder.addResult(1, {
      get nested() {
        pipe.encoder.addResult(2, { inner: [1] });
        expect(() => pipe.encoder.addResult(9, () => {})).toThrow(SerializationError);
        flush();
        return { outer };
      },
    });
    flush();
    expect(pipe.encoder.isEmpty).toBe(true);
    pipe.encoder.addResult(3, { inner: [2], outer: 2 });
    flush();
    const arrived = pipe.receive(...written);
    expect(arrived.slice(0, 1)).toEqual([[6, 0, { before: 1 }]]);
    expect(arrived.filter(([, id]) => id === 1)).toEqual([[6, 1, { nested: { outer } }]]);
    expect(arrived.filter(([, id]) => id === 2)[0]).toEqual([6, 2, { inner: [1] }]);
    expect(arrived.at(-1)).toEqual([6, 3, { inner: [2], outer: 2 }]);
  });

  test('over another pipe changes neither message', () => {
    const [pipe, other] = [new Pipe(), new Pipe()];
    const value = {
      list: [{ a: 1 }, { b: 2 }],
      get nested() {
        other.encoder.addResult(1, { list: [value.list, { a: 3 }] });
        return { c: 3 };
      },
      last: { a: 4 },
    };
    expect(pipe.send(value)).toEqual({ list: [{ a: 1 }, { b: 2 }], nested: { c: 3 }, last: { a: 4 } });
    expect(other.flush()[0]).toEqual([6, 1, { list: [[{ a: 1 }, { b: 2 }], { a: 3 }] }]);
  });
});

test('unusual but valid values are sent', () => {
  expect(send({ hidden: Object.defineProperty({}, 'hidden', { value: 1 }), bare: Object.create(null) })).toEqual({
    hidden: {},
    bare: {},
  });
});
