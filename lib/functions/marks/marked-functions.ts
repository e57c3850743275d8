/** The functions that `task()`, `tasksFrom()` and `inline()` marked: every copy of the package finds the marks of all. */

import { openGlobalState } from '../../util/global-state.js';
import type { AnyFunction } from '../../util/guards.js';

/** How another process finds a marked function. */
export type Mark =
  | { kind: 'task'; module: string; name: string; ordinal: number; file?: string }
  | { kind: 'handle'; module: string; name: string }
  | { kind: 'inline'; text: string };

interface Registry {
  marks: WeakMap<AnyFunction, Mark>;
  /** module → name → the functions that `task()` marked, in the order of its calls. */
  tasks: Map<string, Map<string, AnyFunction[]>>;
}

export const registry = openGlobalState<Registry>('tasks', () => ({ marks: new WeakMap(), tasks: new Map() }));
