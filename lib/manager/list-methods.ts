import { MAX_METHODS } from './methods.js';

/**
 * The methods of a class that other processes may call: its own and those that it inherits. A name that begins with `_`
 * is private, as in Python.
 *
 * @throws TypeError if there are none, or one by which the object would be taken for a promise.
 */
export function listMethods(className: string, classPrototype: object): string[] {
  const names = new Set<string>();
  let prototype: object | null = classPrototype;
  while (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      const isPublic = !name.startsWith('_') && name !== 'constructor';
      if (isPublic && typeof value === 'function') names.add(name);
    }
    prototype = Object.getPrototypeOf(prototype);
  }
  if (names.has('then')) {
    throw new TypeError(`register: the class "${className}" has a method "then", which await would call; rename it`);
  }
  if (names.size === 0) throw new TypeError(`register: the class "${className}" has no methods to call`);
  if (names.size > MAX_METHODS) throw new TypeError(`register: a class can have ${MAX_METHODS} methods at the most`);
  return [...names];
}
