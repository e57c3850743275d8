import { addressOf } from '../../dist/lib/tasks/address.js';
import { declared } from '../fixtures/tasks/esm.mjs';
import { runNode } from './support.ts';

test.each([
  ['undefined', undefined],
  ["'text'", 'text'],
  ['null', null],
])('%s is no function, and the error says what for', (shown, value) => {
  expect(() => addressOf(value)).toThrow(new TypeError(`the task must be a function, not ${shown}`));
  expect(() => addressOf(value, 'initializer')).toThrow(/^initializer must be a function/);
});

test('a function has one address, and it is plain data', () => {
  const address = addressOf(declared);
  expect(addressOf(declared)).toBe(address);
  expect(JSON.parse(JSON.stringify(address))).toEqual(address);
});

test('an address that is known costs next to nothing', () => {
  addressOf(declared);
  // Found anew each time they would take minutes; a busy machine does not slow them down to seconds.
  const start = performance.now();
  for (let i = 0; i < 100_000; i++) addressOf(declared);
  expect(performance.now() - start).toBeLessThan(5000);
});

const EVAL = `
  import('../../../dist/lib/tasks/address.js').then(({ addressOf }) => {
    try { addressOf(function work() {}); } catch (error) { console.log(error.name + ': ' + error.message); }
  })`;

test.each([[['-e', EVAL]], [['--input-type=module', '-e', EVAL]], [['-p', EVAL]]])(
  'a program in the command line has no file (%#)',
  async (args) => {
    expect(await runNode(args)).toMatch(/TaskNotFoundError: the task 'work' .*in no file.*inline\(fn\)/);
  },
);

test('a program in the standard input has no file', async () => {
  expect(await runNode([], EVAL)).toMatch(/TaskNotFoundError: the task 'work' .*in no file/);
});

test('a thread finds addresses too, with a debugger attached', async () => {
  expect(JSON.parse(await runNode(['in-worker.mjs']))).toEqual(['inThread']);
});
