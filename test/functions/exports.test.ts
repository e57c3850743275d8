import { type Received, receive, runNode, send } from '../support/functions.ts';

/** Sends the functions of a module to another process, which runs them. */
async function roundTrip(module: string): Promise<Record<string, Received>> {
  return receive(await send(module));
}

function expectMistake(received: Received | undefined, at: 'parent' | 'child', ...words: (string | RegExp)[]): void {
  expect(received).toMatchObject({ at, error: { name: 'TaskNotFoundError' } });
  for (const word of words) expect(received?.error?.message).toMatch(word);
}

describe('an ES module', () => {
  let received: Record<string, Received> = {};
  beforeAll(async () => {
    received = await roundTrip('./esm.mjs');
  });

  test.each([
    ['declared', 7],
    ['asynchronous', 7],
    ['generator', 7],
    ['arrow', 7],
    ['renamed', -1],
    ['swapA', 'A34'],
    ['swapB', 'B34'],
    ['twice', 14],
    ['thrice', 21],
    ['made', 28],
    ['handle', 7],
  ])('%s runs in the child', (name, result) => {
    expect(received[name]).toEqual({ result });
  });

  test('a helper is not found, also beside a default export', () => {
    expectMistake(received.helper, 'child', "'helper'", 'esm.mjs:25', 'is not an export of', 'export it');
  });

  test('a closure with the same text as an exported one is not mistaken for it', () => {
    expectMistake(received.hidden, 'parent', "'made'", 'esm.mjs:29', "a closure made in 'make'", 'task(');
  });

  test('a function with the name of an export is not mistaken for it', () => {
    expectMistake(received.shadow, 'child', 'esm.mjs:37', "exports under the name 'declared'");
    expectMistake(received.shadowWithState, 'parent', 'esm.mjs:41', 'closure');
  });

  test('a function wrapped by a library needs task()', () => {
    expectMistake(received.wrapped, 'parent', 'library.mjs:4', "made in 'retrying'", 'task(');
  });

  test('an anonymous function and methods are not exports', () => {
    expectMistake(received.anonymous, 'child', "'(anonymous)'", 'esm.mjs:80');
    expectMistake(received.method, 'child', "'method'", 'esm.mjs:51');
    expectMistake(received.staticMethod, 'child', "'work'", 'esm.mjs:46');
  });

  test.each([
    ['bound', /'bound declared' is a bound function/],
    ['proxy', /Proxy/],
    ['sqrt', /'sqrt' has no JavaScript source/],
    ['setTimeout', /built into Node.js/],
    ['Worker', /'Worker' .*esm.mjs:45\) is a class/],
    ['evaluated', /without a file/],
  ])('%s is refused at once', (name, message) => {
    expectMistake(received[name], 'parent', message);
  });

  test('a handle of a value that is not a function lists the exported functions', () => {
    expectMistake(received.missingHandle, 'child', "'nothing'", /it exports .*declared/);
    expectMistake(received.notAFunction, 'child', "'offset'", 'exports no function of that name');
  });
});

test('without a default export, the parent detects a function that is not exported', async () => {
  const received = await roundTrip('./no-default.mjs');
  expect(received.other).toEqual({ result: 7 });
  expectMistake(received.shadow, 'parent', "'other'", 'no-default.mjs:5', 'is not an export');
  expectMistake(received.anonymous, 'parent', 'no-default.mjs:12', 'give it a name');
  expectMistake(received.helper, 'child', "'helper'", 'no-default.mjs:2');
});

test('a default export is not mistaken for another function', async () => {
  const received = await roundTrip('./default-named.mjs');
  expect(received.main).toEqual({ result: 7 });
  expectMistake(received.helper, 'child', "'helper'", 'default-named.mjs:4');
  expectMistake(received.shadow, 'child', "'main'", 'default-named.mjs:8');
});

test('a CommonJS module: exports with names, without, and under other names', async () => {
  const received = await roundTrip('./commonjs/exports.js');
  const { hidden, shadow, helper, ...found } = received;
  const results = Object.fromEntries(Object.entries(found).map(([name, { result }]) => [name, result]));
  expect(results).toEqual({ double: 14, withOffset: 107, declared: 7, renamed: -1, twice: 14, thrice: 21 });
  expectMistake(hidden, 'parent', 'exports.js:13', 'is not an export');
  expectMistake(shadow, 'parent', "'declared'", 'exports.js:17', 'is not an export');
  expectMistake(helper, 'parent', "'helper'", 'exports.js:20', 'is not an export');
});

test('a CommonJS module that is a function', async () => {
  const { itself, extra, helper } = await roundTrip('./commonjs/function.js');
  expect([itself, extra]).toEqual([{ result: 7 }, { result: -1 }]);
  expectMistake(helper, 'parent', "'helper'");
});

test('a CommonJS main script may send functions before it exports them', async () => {
  const received = await receive(JSON.parse(await runNode(['commonjs/loading.js'])));
  expect(received.first).toEqual({ result: 7 });
  expect(received.second).toEqual({ result: -1 });
  expectMistake(received.helper, 'child', "'helper'");
  expectMistake(received.hidden, 'parent', "'made'", 'has loaded', 'task(');
  expectMistake(received.shadow, 'child', "'second'");
  expectMistake(received.twin, 'child', '2 exports of', 'task(');
});

test('a main script may send functions during its own top-level await', async () => {
  expect(JSON.parse(await runNode(['awaiting.mjs']))).toEqual(['later']);
});
