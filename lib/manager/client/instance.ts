import { HANDLE, type HandleParts } from '../../ipc/graph/handles.js';
import { type ObjectAddress, SharedObject } from './shared-object.js';

/**
 * The methods of an instance of your own class, callable from any process: each returns a promise.
 *
 * @since 0.2.0
 */
export type Remote<T> = {
  readonly [K in keyof T as T[K] extends (...args: never[]) => unknown ? Exclude<K, 'then'> : never]: T[K] extends (
    ...args: infer A
  ) => infer R
    ? (...args: A) => Promise<Awaited<R>>
    : never;
};

/** A proxy for an instance of a registered class, with the methods of the class. */
export class SharedInstance extends SharedObject {
  readonly #methods: readonly string[];

  constructor(address: ObjectAddress, methods: readonly string[]) {
    super(address, 'instance');
    this.#methods = methods;
    methods.forEach((name, method) => {
      // `super`: the class may have a method named `call` itself.
      const value = async (...args: readonly unknown[]) => super.call(method, args);
      Object.defineProperty(this, name, { value });
    });
  }

  override [HANDLE](): HandleParts {
    return [...super[HANDLE](), ...this.#methods];
  }
}
