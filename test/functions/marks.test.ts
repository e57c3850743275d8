import { writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { transform } from 'esbuild';
import { addressOf } from '../../dist/lib/functions/address/address.js';
import { inline } from '../../dist/lib/functions/marks/inline.js';
import { task } from '../../dist/lib/functions/marks/task.js';
import { type Tasks, tasksFrom } from '../../dist/lib/functions/marks/tasks-from.js';
import { withFile } from '../support/folder.ts';
import { type Received, receive, send } from '../support/functions.ts';
import { root } from '../support/run.ts';

const add = (a: number, b: number): number => a + b;

describe('task()', () => {
  let received: Record<string, Received> = {};
  beforeAll(async () => {
    received = await receive(await send('./marked.mjs'));
  });

  test.each([
    ['twice', 14],
    ['thrice', 21],
    ['wrapped', 7],
    ['bound', 13],
    ['unexported', 7],
  ])('finds %s', (name, result) => {
    expect(received[name]).toEqual({ result });
  });

  test('must run while the module loads', () => {
    expect(received.late?.error?.message).toMatch(/'late' .*marked.mjs:12\).*must run while that module loads/);
  });

  test('refuses another function with the same number', () => {
    expect(received.changing?.error?.message).toMatch(/marked.mjs:13\).*another function/);
  });

  test('returns the function itself, also the second time', () => {
    const fn = (): number => 1;
    expect(task(import.meta.url, fn)).toBe(fn);
    expect(task(import.meta.url, fn)).toBe(fn);
    expect(addressOf(fn)).toMatchObject({ kind: 'task', module: import.meta.url, ordinal: 0 });
  });

  test('accepts a URL, its text and an absolute path alike', () => {
    const given = ['/a b/c.mjs', 'file:///a%20b/c.mjs', pathToFileURL('/a b/c.mjs')];
    const addresses = given.map((module) => addressOf(task(module, (): number => 1)));
    expect(addresses).toMatchObject([0, 1, 2].map((ordinal) => ({ module: 'file:///a%20b/c.mjs', ordinal })));
  });

  test.each([['./tasks.js'], [''], [undefined], [{}], ['node:fs']])('refuses the module %p', (module) => {
    expect(() => task(module as string, add)).toThrow(/^task\(\) needs the URL of a module .*import.meta.url/);
    expect(() => task(module as string, add)).toThrow(TypeError);
  });

  test('refuses values that cannot be called', () => {
    expect(() => task(import.meta.url, class {} as never)).toThrow(TypeError);
    expect(() => task(import.meta.url, 3 as never)).toThrow(/^task\(\) needs a function .* not 3$/);
  });
});

describe('tasksFrom()', () => {
  const tasks = tasksFrom<{ add: typeof add; limit: number }>('/tasks.mjs');

  test('has the functions of the module, with their types', () => {
    const typed: Tasks<{ add: typeof add; limit: number }> = { add };
    const same: keyof typeof typed extends 'add' ? true : false = true;
    expect(same).toBe(true);
    expect(addressOf(tasks.add)).toEqual({ kind: 'handle', module: 'file:///tasks.mjs', name: 'add' });
  });

  test('returns the same handle each time', () => {
    expect(tasks.add).toBe(tasks.add);
  });

  test('returns handles that cannot be called in this process', () => {
    expect(() => tasks.add(1, 2)).toThrow(/'add' is only a handle .*tasks.mjs; pass it to a pool/);
  });

  test('can be awaited, printed and compared', async () => {
    expect(await tasks).toBe(tasks);
    // Node.js 26 shows that it is a proxy.
    expect(inspect(tasks)).toMatch(/^(Proxy\()?\[Object: null prototype\] \{\}\)?$/);
    expect(JSON.stringify({ tasks })).toBe('{"tasks":{}}');
    expect(tasks).toEqual(tasks);
  });

  test('refuses a relative path', () => {
    expect(() => tasksFrom('./tasks.js')).toThrow(/^tasksFrom\(\) needs the URL of a module/);
  });
});

describe('inline()', () => {
  let received: Record<string, Received> = {};
  beforeAll(async () => {
    received = await receive(await send('./inlined.mjs'));
  });

  test.each([
    ['arrow', 7],
    ['async', 7],
    ['fn', 7],
    ['generator', 7],
    ['methodAdd', 7],
    ['methodLater', 7],
    ['methodEach', 7],
    ['methodAsync', 7],
    ['methodQuoted', 7],
    ['importsNode', 'function'],
    ['importsBeside', 7],
    ['requires', 'function'],
    ['strict', true],
  ])('sends %s', (name, result) => {
    expect(received[name]).toEqual({ result });
  });

  test('sends functions that esbuild compiled, as under tsx', () =>
    withFile(async (file) => {
      const source = `
        import { inline } from '${root}dist/lib/functions/marks/inline.js';
        export const given = {
          fn: inline((a, b) => {
            const add = (value) => value + b;
            function double(value) { return 2 * value; }
            return [add(a), double(b), add.name, double.name];
          }),
        };`;
      const { code } = await transform(source, { keepNames: true });
      expect(code).toMatch(/__name\(double, "double"\)/);
      await writeFile(`${file}.mjs`, code);
      expect(await receive(await send(`${file}.mjs`))).toEqual({ fn: { result: [7, 8, 'add', 'double'] } });
    }));

  test('runs without the variables around the function', () => {
    expect(received.closure?.error).toMatchObject({ name: 'ReferenceError', message: 'factor is not defined' });
  });

  test('keeps the line in stacks', () => {
    expect(received.stack?.result).toMatch(/inlined\.mjs:44:/);
  });

  test('returns the function itself, with one address', () => {
    const fn = (): number => 1;
    expect(inline(fn)).toBe(fn);
    expect(addressOf(inline(fn))).toBe(addressOf(fn));
  });

  test.each([
    ['a built-in function', Math.sqrt, /'sqrt'.*built-in or bound/],
    ['a bound function', add.bind(null, 1), /'bound add'.*built-in or bound/],
    ['a class', class Thing {}, /'Thing'.*a class/],
    [
      'a getter',
      Object.getOwnPropertyDescriptor(
        {
          get size() {
            return 1;
          },
        },
        'size',
      )?.get,
      /'get size'/,
    ],
    ['a computed name', { [`${1}`]() {} }[1], /'1'/],
    ['a private method', privateMethod(), /'#secret'/],
    ['sloppy code', new Function('with ({}) {}'), /strict mode .*with/],
  ])('refuses %s', (_name, fn, message) => {
    expect(() => inline(fn as () => void)).toThrow(expect.objectContaining({ name: 'TaskNotFoundError' }));
    expect(() => inline(fn as () => void)).toThrow(message);
  });

  test('refuses values that are not functions', () => {
    expect(() => inline('() => 1' as never)).toThrow(TypeError);
  });
});

function privateMethod(): unknown {
  return new (class {
    #secret(): number {
      return 1;
    }
    get() {
      return this.#secret;
    }
  })().get();
}
