import type { AsyncLocalStorage } from 'node:async_hooks';
import { takeMark } from '../child-mark.js';
import { currentFolder } from '../current-folder.js';
import type { CurrentTask } from './current-task.js';

/**
 * What a child process knows of itself. It lives on `globalThis`, so that a second copy of the package in the same
 * process finds it too.
 */
export interface ChildState {
  /** The error classes that the child itself throws, by name. */
  readonly errors: Readonly<Record<string, { prototype: object }>>;
  /** Where the options of Node.js that this process has inherited find what they name: see lib/start-folder.ts. */
  readonly startFolder: string | undefined;
  /**
   * Carries the current task through asynchronous calls. It slows every promise down, so it is only there once a
   * module of the child has imported the package and could ask.
   */
  storage?: AsyncLocalStorage<CurrentTask | typeof NO_TASK>;
}

/** Code of the program that was called on purpose, but not as a task: an initializer, the target of a process. */
export const NO_TASK = 'no task';

/** Calls a function of the program, so that it is known for what. */
export function callIn<R>(
  { storage }: ChildState,
  context: CurrentTask | typeof NO_TASK,
  fn: (...args: never[]) => R,
  args: readonly unknown[],
): R {
  return storage === undefined ? fn(...(args as never[])) : storage.run(context, fn, ...(args as never[]));
}

const KEY = Symbol.for('aiomultiprocess.child');
const holder = globalThis as { [KEY]?: ChildState };

/** Makes this process a child, in the folder and with the title that it was told. */
export function createChildState(errors: ChildState['errors']): ChildState {
  holder[KEY] = { errors, startFolder: currentFolder() };
  const { folder, title } = takeMark();
  if (folder !== undefined) process.chdir(folder);
  if (title !== undefined) process.title = title;
  return holder[KEY];
}

/** Undefined in a process that is no child. */
export function getChildState(): ChildState | undefined {
  return holder[KEY];
}
