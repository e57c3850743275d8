import { HANDLE, type HandleParts } from '../../ipc/handles.js';
import { type ObjectAddress, SharedObject } from './shared-object.js';

/** The methods of an object of your own class, from any process: each gives a promise. */
export type Remote<T> = {
  readonly [K in keyof T as T[K] extends (...args: never[]) => unknown ? Exclude<K, 'then'> : never]: T[K] extends (
    ...args: infer A
  ) => infer R
    ? (...args: A) => Promise<Awaited<R>>
    : never;
};

/** An object of a class that was registered, with its methods. */
export class SharedInstance extends SharedObject {
  readonly #methods: readonly string[];

  constructor(address: ObjectAddress, methods: readonly string[]) {
    super(address, 'instance');
    this.#methods = methods;
    methods.forEach((name, method) => {
      // Of the class above: a method of the program's may have any name, `call` among them.
      const value = async (...args: readonly unknown[]) => super.call(method, args);
      Object.defineProperty(this, name, { value });
    });
  }

  override [HANDLE](): HandleParts {
    return [...super[HANDLE](), ...this.#methods];
  }
}
