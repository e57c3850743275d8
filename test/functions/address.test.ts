import { addressOf } from '../../dist/lib/functions/address/address.js';
import { declared } from '../fixtures/functions/esm.mjs';
import { runNode } from '../support/functions.ts';

test.each([
  ['undefined', undefined],
  ["'text'", 'text'],
  ['null', null],
])('%s is refused with the role of the function in the error', (shown, value) => {
  expect(() => addressOf(value)).toThrow(new TypeError(`the task must be a function, not ${shown}`));
  expect(() => addressOf(value, 'initializer')).toThrow(/^initializer must be a function/);
});

test('a function has one address of plain data', () => {
  const address = addressOf(declared);
  expect(addressOf(declared)).toBe(address);
  expect(JSON.parse(JSON.stringify(address))).toEqual(address);
});

test('a known address is found without another search', () => {
  addressOf(declared);
  // Another search each time would take minutes; a busy machine does not slow down known addresses to seconds.
  const start = performance.now();
  for (let i = 0; i < 100_000; i++) addressOf(declared);
  expect(performance.now() - start).toBeLessThan(5000);
});

const EVAL = `
  import('../../../dist/lib/functions/address/address.js').then(({ addressOf }) => {
    try { addressOf(function work() {}); } catch (error) { console.log(error.name + ': ' + error.message); }
  })`;

test.each([[['-e', EVAL]], [['--input-type=module', '-e', EVAL]], [['-p', EVAL]]])(
  'a program text on the command line has no file (%#)',
  async (args) => {
    expect(await runNode(args)).toMatch(/TaskNotFoundError: the task 'work' .*without a file.*inline\(fn\)/);
  },
);

test('a program text on stdin has no file', async () => {
  expect(await runNode([], EVAL)).toMatch(/TaskNotFoundError: the task 'work' .*without a file/);
});

test('a worker thread finds addresses, also with a debugger attached', async () => {
  expect(JSON.parse(await runNode(['in-worker.mjs']))).toEqual(['inThread']);
});
