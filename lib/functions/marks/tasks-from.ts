/** Typed handles of a module's functions, for a process that does not load the module. */

import { toModuleUrl } from '../module-url.js';
import { registry } from './marked-functions.js';

/**
 * The exports of a module `T` that are functions.
 *
 * @since 0.2.0
 */
export type Tasks<T> = {
  readonly [K in keyof T as T[K] extends (...args: never[]) => unknown ? K : never]: T[K];
};

/**
 * Names that JavaScript and tools read from any object to find out what it is. If they were handles, `await` would call
 * `then` and wait forever, and printing or comparing the object would call a handle.
 */
const NOT_HANDLES = new Set(
  'then toJSON toString valueOf constructor prototype __proto__ $$typeof asymmetricMatch nodeType tagName'.split(' '),
);

/**
 * Makes handles of the functions that a module exports, without loading the module in this process: for modules that
 * are slow to load, large, or fit only for a child. Pass a handle to a pool instead of the function. A child finds out
 * whether the module has such an export.
 *
 * @param moduleUrl the module's URL, as `new URL('./tasks.js', import.meta.url)`, or its absolute path.
 * @throws TypeError if `moduleUrl` is neither. Calling a handle in this process throws an Error.
 * @example
 * ```ts
 * const { resize } = tasksFrom<typeof import('./images.js')>(new URL('./images.js', import.meta.url));
 * await pool.map(resize, files);
 * ```
 * @since 0.2.0
 */
export function tasksFrom<T>(moduleUrl: string | URL): Tasks<T> {
  const module = toModuleUrl(moduleUrl, 'tasksFrom()');
  const handles = new Map<string, () => never>();
  const proxy: object = new Proxy(Object.freeze(Object.create(null)), {
    get(_target, key) {
      if (typeof key !== 'string' || NOT_HANDLES.has(key)) return undefined;
      const handle = handles.get(key) ?? makeHandle(module, key);
      handles.set(key, handle);
      return handle;
    },
  });
  return proxy as Tasks<T>;
}

function makeHandle(module: string, name: string): () => never {
  const handle = (): never => {
    throw new Error(
      `'${name}' is only a handle of the function in ${module}; pass it to a pool, as in pool.apply(${name}), ` +
        'or import the module to call the function in this process',
    );
  };
  Object.defineProperty(handle, 'name', { value: name });
  registry.marks.set(handle, { kind: 'handle', module, name });
  return handle;
}
