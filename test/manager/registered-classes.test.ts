import { type Manager, TaskNotFoundError } from 'aiomultiprocess';
import { Account, hidden, Named, Nothing, Savings, Thenable } from '../fixtures/manager/classes.js';
import { call } from '../fixtures/manager/clients.js';
import { createManager } from '../support/manager.ts';
import { createPool } from '../support/pool.ts';

const manager = createManager();
const pool = createPool({ processes: 1 });
const createAccount = manager.register('Account', Account);

test('an instance of a registered class is shared, inherited methods included', async () => {
  const account = createAccount(10);
  expect(await account.deposit(5)).toBe(15);
  expect(await pool.apply(call, [account, 'withdraw', [7]])).toBe(8);
  expect(await account.describe('balance')).toEqual(new Map([['balance', 8]]));
  expect(await account.where()).toBe(manager.pid);
  const savings = manager.register('Savings', Savings)(100);
  expect(await pool.apply(call, [savings, 'addInterest', [10]])).toBe(110);
});

test('an error thrown by a method arrives unchanged', async () => {
  const account = createAccount();
  await expect(account.withdraw(3)).rejects.toMatchObject({ name: 'RangeError', message: 'not enough', missing: 3 });
});

test('an error thrown by the constructor fails every call', async () => {
  const account = createAccount(-1);
  await expect(account.deposit(1)).rejects.toThrow('begins with nothing');
  await expect(pool.apply(call, [account, 'deposit', [1]])).rejects.toThrow('begins with nothing');
});

test('methods take other shared objects as arguments', async () => {
  const queue = manager.queue<number>();
  await createAccount(5).forward(queue);
  expect(await queue.get()).toBe(5);
});

test('methods may have any name', async () => {
  const named = manager.register('Named', Named)();
  expect(await pool.apply(call, [named, 'call', [1, 2]])).toEqual(['call', 1, 2]);
  const others = [named.tell(), named.toString(), named.toJSON(), named.valueOf()];
  expect(await Promise.all(others)).toEqual(['tell', 'toString', 'toJSON', 'valueOf']);
});

test('private methods are not exposed', () => {
  expect('_private' in createAccount()).toBe(false);
});

test.each<[string, (manager: Manager) => unknown, new (message: string) => Error]>([
  ['a class that its module does not export', (of) => of.register('Hidden', hidden.Hidden), TaskNotFoundError],
  ['a class without methods', (of) => of.register('Nothing', Nothing), TypeError],
  ['a class with a method "then"', (of) => of.register('Thenable', Thenable), TypeError],
  ['a function', (of) => of.register('call', call as never), TypeError],
  ['a name already in use', (of) => of.register('Account', Account), TypeError],
])('%s is refused', (_what, register, error) => {
  expect(() => register(manager)).toThrow(error);
});
