import { addressOf } from '../../dist/lib/tasks/address.js';
import byDefault, { given } from '../fixtures/tasks/in-jest.ts';
import { type Received, receive, type Sent, send } from './support.ts';

const tsNodeEsm = ['--import', '../../../scripts/ts-node.js'];
const tsNodeCommonJs = ['-r', 'ts-node/register'];

function resultsOf(received: Record<string, Received>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(received).map(([name, { result, at }]) => [name, at ?? result]));
}

describe.each([
  ['with the loader of its parent', tsNodeEsm],
  ['without a loader', []],
])('a child %s', (_how, flags) => {
  test('runs functions of an ES module in TypeScript, and only the right ones', async () => {
    const received = await receive(await send('./typescript.mts', tsNodeEsm), flags);
    expect(resultsOf(received)).toEqual({ declared: 7, arrow: -1, made: 14, hidden: 'parent', shadow: 'child' });
    expect(received.hidden?.error?.message).toMatch('typescript.mts:16');
    expect(received.shadow?.error?.message).toMatch('typescript.mts:23');
  });
});

describe.each([
  ['with the loader of its parent', tsNodeCommonJs],
  ['without a loader', []],
])('a child %s', (_how, flags) => {
  test('runs functions of a CommonJS module in TypeScript, and only the right ones', async () => {
    const received = await receive(await send('./commonjs/typescript.ts', tsNodeCommonJs), flags);
    expect(resultsOf(received)).toEqual({ declared: 7, arrow: -1, shadow: 'child', helper: 'child' });
    expect(received.helper?.error?.message).toMatch('typescript.ts:17');
  });
});

/** What Jest has made of in-jest.ts, as send.mjs would print it. */
function sendFromJest(): Record<string, Sent> {
  return Object.fromEntries(Object.entries({ ...given, byDefault }).map(([name, fn]) => [name, sendOne(fn)]));
}

function sendOne(fn: unknown): Sent {
  try {
    return { address: addressOf(fn) };
  } catch (error) {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }
}

test.each([
  ['the same compiler as Jest', {}],
  ['another compiler', { TS_NODE_PROJECT: 'tsc.json' }],
])('functions of a module that Jest compiled run in a child that has %s', async (_how, env) => {
  const received = await receive(sendFromJest(), [], env);
  const expected = { declared: 7, arrow: -1, renamed: 12, byDefault: 'default 34' };
  expect(resultsOf(received)).toEqual({ ...expected, shadow: 'child', helper: 'child', closure: 'parent' });
  expect(received.shadow?.error?.message).toMatch('in-jest.ts:18');
});
