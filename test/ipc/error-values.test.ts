import { AssertionError } from 'node:assert';
import { stat } from 'node:fs/promises';
import { Socket } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { runInNewContext } from 'node:vm';
import { ProcessExitError, TaskNotFoundError } from '../../dist/lib/errors.js';
import { registerError } from '../../dist/lib/ipc/graph/error-classes.js';
import { send } from '../fixtures/ipc/transfer.mjs';

class HttpError extends Error {
  override name = 'HttpError';
  readonly status: number;
  constructor(status: number, message: string, options?: ErrorOptions) {
    if (message === undefined) throw new TypeError('a constructor that must not be called without a message');
    super(message, options);
    this.status = status;
  }
  get isClientError(): boolean {
    return this.status < 500;
  }
}
registerError(HttpError);

class PrivateError extends Error {
  #code = 7;
  override get name(): string {
    return `PrivateError ${this.#code}`;
  }
}
registerError(PrivateError);

class NotFoundError extends HttpError {}
class UnknownError extends TypeError {}
class NamelessError extends Error {}

describe('an error arrives with its class, message and stack', () => {
  test.each<[string, Error]>([
    ['Error', new Error('it failed')],
    ['without a message', new Error()],
    ['TypeError', new TypeError('it failed')],
    ['AggregateError', new AggregateError([new Error('one'), 2], 'many')],
    ['an assertion', new AssertionError({ actual: 1, expected: { a: 2 }, operator: 'deepEqual' })],
    ['one of this package', new TaskNotFoundError('no such task')],
    [
      'one of this package with properties',
      new ProcessExitError('a task', { pid: 1, exitCode: null, signal: 'SIGKILL', mayHaveStarted: true }),
    ],
    ['a registered class', new HttpError(404, 'not found')],
    ['with a name of its own', Object.assign(new Error('gone'), { name: 'AbortError' })],
    ['named as another class', Object.defineProperty(new Error('fake'), 'name', { value: 'TypeError' })],
    [
      'with properties',
      Object.assign(new Error('slow'), {
        code: 'ESLOW',
        errno: -110,
        syscall: 'connect',
        at: new Date(),
        list: [1, -0],
      }),
    ],
    ['with a cause', new Error('outer', { cause: new RangeError('inner', { cause: 'text' }) })],
    ['with an undefined cause', new Error('outer', { cause: undefined })],
  ])('%s', (_, error) => {
    const received = send(error);
    expect(Object.getPrototypeOf(received)).toBe(Object.getPrototypeOf(error));
    expect(Object.getOwnPropertyNames(received).sort()).toEqual(Object.getOwnPropertyNames(error).sort());
    expect([received.name, received.message, received.stack]).toEqual([error.name, error.message, error.stack]);
    expect(isDeepStrictEqual(received, error)).toBe(true);
  });

  test('one of Node.js', async () => {
    const error = await stat('/no/such/file').catch((error: unknown) => error);
    const received = send(error);
    expect(received).toBeInstanceOf(Error);
    expect({ ...received }).toEqual({ errno: -2, code: 'ENOENT', syscall: 'stat', path: '/no/such/file' });
  });

  test('a registered class works, though its constructor is not called', () => {
    const received = send(new HttpError(404, 'not found'));
    expect(received).toBeInstanceOf(HttpError);
    expect(received.isClientError).toBe(true);
  });

  test('a class whose getters need its constructor', () => {
    const received = send(new PrivateError('secret'));
    expect(received).toBeInstanceOf(PrivateError);
    expect(received.name).toBe('PrivateError 7');
  });

  test.each<[string, Error, abstract new (...args: never[]) => Error]>([
    ['of a registered class', new NotFoundError(404, 'not found'), HttpError],
    ['of a built-in class', new UnknownError('what'), TypeError],
    ['of Error', new NamelessError('what'), Error],
  ])('an unknown subclass %s arrives as that', (_, error, base) => {
    const received = send(error);
    expect(Object.getPrototypeOf(received)).toBe(base.prototype);
    expect([received.name, received.message]).toEqual([error.name, error.message]);
  });

  test('a DOMException', () => {
    const received = send(new DOMException('stop', 'AbortError'));
    expect(received).toBeInstanceOf(DOMException);
    expect([received.name, received.message, received.code]).toEqual(['AbortError', 'stop', 20]);
  });

  test('the reason of an aborted signal', () => {
    expect(send(AbortSignal.abort().reason).name).toBe('AbortError');
  });

  test('an error of another realm', () => {
    const received = send(
      runInNewContext(`Object.assign(new TypeError('far'), { code: 'EFAR', cause: new Error('away') })`),
    );
    expect(received).toBeInstanceOf(TypeError);
    expect([received.message, received.code, received.cause.message]).toEqual(['far', 'EFAR', 'away']);
  });

  test('an error without a stack arrives without one', () => {
    const error = new Error('light');
    delete error.stack;
    expect(send(error).stack).toBeUndefined();
  });

  test.each<[string, Error]>([
    ['frozen', Object.freeze(new Error('frozen'))],
    ['sealed', Object.seal(Object.assign(new HttpError(500, 'sealed'), { code: 1 }))],
  ])('a %s error arrives extensible', (_, error) => {
    const received = send(error);
    expect(isDeepStrictEqual(received, error)).toBe(true);
    expect(Object.isExtensible(received)).toBe(true);
  });
});

describe('an error with circular references', () => {
  test('to itself', () => {
    const error = Object.assign(new Error('me'), { self: undefined as unknown });
    error.self = error;
    const received = send(error);
    expect(received.self).toBe(received);
  });

  test('through causes', () => {
    const inner = new Error('inner');
    const outer = new Error('outer', { cause: inner });
    inner.cause = outer;
    const received = send(outer);
    expect(received.cause.message).toBe('inner');
    expect(received.cause.cause).toBe(received);
  });

  test('arrives once if a list of errors and the value around it share it', () => {
    const one = new Error('one');
    const { errors, all } = send({ errors: [one, one], all: new AggregateError([one]) });
    expect(errors[0]).toBe(errors[1]);
    expect(all.errors[0]).toBe(errors[0]);
  });
});

describe('an error with a property that cannot be sent arrives with its other properties', () => {
  test.each<[string, unknown]>([
    ['a function', () => {}],
    ['a symbol', Symbol('no')],
    ['a socket', new Socket()],
    ['a Promise', Promise.resolve()],
    ['a Proxy', new Proxy({}, {})],
    [
      'a Proxy that throws',
      new Proxy(
        {},
        {
          get: () => {
            throw new Error('no');
          },
          getPrototypeOf: () => {
            throw new Error('no');
          },
        },
      ),
    ],
    ['shared memory', new SharedArrayBuffer(1)],
    ['a detached ArrayBuffer', structuredCloneAway(new ArrayBuffer(1))],
    ['a URL', new URL('https://example.com')],
    [
      'an object that throws when it is read',
      {
        get pipe() {
          throw new Error('no');
        },
      },
    ],
  ])('%s', (_, value) => {
    const error = Object.assign(new Error('it failed'), {
      code: 'E1',
      value,
      deep: { list: [value, 1] },
      last: { is: 'here' },
    });
    const received = send(error);
    expect([received.message, received.stack, received.code, received.last]).toEqual([
      error.message,
      error.stack,
      'E1',
      { is: 'here' },
    ]);
    expect(received.deep.list[1]).toBe(1);
    for (const part of [received.value, received.deep.list[0]])
      expect(['undefined', 'string', 'object']).toContain(typeof part);
    expect(received.deep.list[0]).not.toEqual({});
  });

  test('a getter that throws', () => {
    const error = Object.defineProperty(Object.assign(new Error('it failed'), { code: 'E1' }), 'bad', {
      enumerable: true,
      get() {
        throw new Error('not today');
      },
    });
    const received = send(error);
    expect([received.message, received.code, received.bad]).toEqual(['it failed', 'E1', '[its getter throws]']);
  });

  test('a class that throws when it is read', () => {
    const prototype = new Proxy(Error.prototype, {
      getPrototypeOf: () => {
        throw new Error('no');
      },
    });
    expect(send(Object.setPrototypeOf(new Error('odd'), prototype)).message).toBe('odd');
  });

  test('a class whose name is not a string', () => {
    class Odd extends Error {
      static override readonly name: string = (() => {}) as unknown as string;
    }
    expect(send(new Odd('odd')).message).toBe('odd');
  });

  test('a request and its response with their sockets', () => {
    const socket = new Socket();
    const request = {
      method: 'GET',
      path: '/',
      socket,
      agent: { sockets: { 'example.com:443': [socket] }, keepAlive: false },
    };
    const response = { status: 503, headers: { 'retry-after': '1' }, request, data: 'busy' };
    const config = {
      url: 'https://example.com',
      transform: [() => {}],
      adapter: () => {},
      signal: new AbortController().signal,
    };
    const error = Object.assign(new Error('Request failed with status code 503'), {
      isAxiosError: true,
      code: 'ERR_BAD_RESPONSE',
      config,
      request,
      response,
      toJSON: () => 'not this',
    });
    const received = send(error);
    expect(received).toMatchObject({ isAxiosError: true, code: 'ERR_BAD_RESPONSE', message: error.message });
    expect(received.response).toMatchObject({ status: 503, headers: { 'retry-after': '1' }, data: 'busy' });
    expect(received.response.request).toBe(received.request);
    expect(received.config.url).toBe('https://example.com');
  });

  test('a large graph', () => {
    const grow = (depth: number): object =>
      depth === 0 ? {} : { left: grow(depth - 1), right: grow(depth - 1), depth };
    const tree = grow(14);
    const received = send(Object.assign(new Error('large'), { tree }));
    expect(received.message).toBe('large');
    expect(received.tree).toEqual(tree);
  });
});

describe('registerError', () => {
  test.each([undefined, {}, () => {}, class {}, class extends Error {}.prototype])('refuses %p', (value) => {
    expect(() => registerError(value as never)).toThrow(
      /^registerError: expected a named class that extends Error, got /,
    );
  });
});

function structuredCloneAway(buffer: ArrayBuffer): ArrayBuffer {
  structuredClone(buffer, { transfer: [buffer] });
  return buffer;
}
