import { MAX_METHODS } from './protocol/methods.js';

/**
 * The methods of a class that other processes may call: its own and inherited ones. A name that begins with `_` is
 * private, as in Python.
 *
 * @throws TypeError if the class has no methods, too many, or a method `then`.
 */
export function listClassMethods(className: string, classPrototype: object): string[] {
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
  if (names.size === 0)
    throw new TypeError(
      `register: the class "${className}" has no public methods; add one that does not begin with "_"`,
    );
  if (names.size > MAX_METHODS)
    throw new TypeError(`register: the class "${className}" has ${names.size} methods; the maximum is ${MAX_METHODS}`);
  return [...names];
}
