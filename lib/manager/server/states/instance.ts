import { isThenable } from '../../../child/thenable.js';
import { type Call, WAITING } from '../call.js';

type Method = (...args: readonly unknown[]) => unknown;

/** An object of a class of the user's, and the methods that may be called. */
export class InstanceState {
  readonly #instance: Record<string, Method>;
  readonly #methods: readonly string[];
  /** Runs code of the user's, so that it is known for what it is. */
  readonly #run: (fn: Method, args: readonly unknown[]) => unknown;

  constructor(instance: object, methods: readonly string[], run: (fn: Method, args: readonly unknown[]) => unknown) {
    this.#instance = instance as Record<string, Method>;
    this.#methods = methods;
    this.#run = run;
  }

  call(method: number, call: Call, args: readonly unknown[]): unknown {
    const instance = this.#instance;
    const name = this.#methods[method] as string;
    const result = this.#run((...given) => (instance[name] as Method)(...given), args);
    if (!isThenable(result)) return result;
    Promise.resolve(result).then(
      (value) => call.answer(value),
      (error: unknown) => call.fail(error),
    );
    return WAITING;
  }
}
