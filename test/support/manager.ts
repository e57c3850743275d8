import { Manager, type ManagerOptions } from 'aiomultiprocess';

/** A manager for all tests of a file or block, closed after them. */
export function createManager(options: ManagerOptions = {}): Manager {
  const manager = new Manager(options);
  afterAll(() => manager.close());
  return manager;
}

/** The address and the key of an object's server: the form in which the object is sent. */
export function readHandle(object: object): { folder: string; path: string; key: string; id: number } {
  const describe = (object as Record<symbol, () => [string, string, string, string, number]>)[HANDLE];
  const parts = describe?.call(object);
  if (parts === undefined) throw new Error('expected a shared object');
  const [, folder, path, key, id] = parts;
  return { folder, path, key, id };
}

const HANDLE = Symbol.for('aiomultiprocess.handle');
