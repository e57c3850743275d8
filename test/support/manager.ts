import { Manager, type ManagerOptions } from 'aiomultiprocess';

/** A manager for all tests of a file or block, closed after them. */
export function createManager(options: ManagerOptions = {}): Manager {
  const manager = new Manager(options);
  afterAll(() => manager.close());
  return manager;
}

/** Where the server of an object is, and the key to it: what travels when the object is sent. */
export function readHandle(object: object): { folder: string; path: string; key: string } {
  const describe = (object as Record<symbol, () => [string, string, string, string]>)[HANDLE];
  const [, folder, path, key] = describe?.call(object) ?? [];
  if (folder === undefined || path === undefined || key === undefined) throw new Error('that is no shared object');
  return { folder, path, key };
}

const HANDLE = Symbol.for('aiomultiprocess.handle');
