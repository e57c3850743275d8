/**
 * State that all copies of the package in a process share: a program may load two (the ES and the CommonJS form, two
 * versions), and in a child there is also the copy in the child's own bundle.
 */

/** The state of this name, which the first copy to ask creates. */
export function openGlobalState<T>(name: string, create: () => T): T {
  const existing = findGlobalState<T>(name);
  if (existing !== undefined) return existing;
  const value = create();
  // Not enumerable: code that copies or lists the globals must not see it.
  Reflect.defineProperty(globalThis, keyOf(name), { value });
  return value;
}

export function findGlobalState<T>(name: string): T | undefined {
  return Reflect.get(globalThis, keyOf(name));
}

function keyOf(name: string): symbol {
  return Symbol.for(`aiomultiprocess.${name}`);
}
