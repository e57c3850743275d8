/**
 * What every copy of this library in one process must agree on, kept on `globalThis`: a program may well load
 * two copies (two versions in node_modules, a bundle and the original), and a function marked through one of
 * them has to be found through the other.
 */

type AnyFunction = (...args: never[]) => unknown;

/** How a function asked to be found, left by `task()`, `tasksFrom()` or `inline()`. */
export type Mark =
  | { kind: 'task'; module: string; name: string; ordinal: number; file?: string }
  | { kind: 'handle'; module: string; name: string }
  | { kind: 'inline'; text: string };

interface Registry {
  marks: WeakMap<AnyFunction, Mark>;
  /** module → name → the functions that `task()` marked, in the order in which the module did so. */
  tasks: Map<string, Map<string, AnyFunction[]>>;
}

const KEY = Symbol.for('aiomultiprocess.tasks');

export const registry = openRegistry();

function openRegistry(): Registry {
  const existing: Registry | undefined = Reflect.get(globalThis, KEY);
  const opened = existing ?? { marks: new WeakMap(), tasks: new Map() };
  // Not enumerable: nobody who lists the globals is to stumble over it.
  if (existing === undefined) Reflect.defineProperty(globalThis, KEY, { value: opened });
  return opened;
}
