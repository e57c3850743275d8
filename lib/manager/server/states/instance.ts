import { isThenable } from '../../../util/thenable.js';
import { type MethodCall, WAITING } from '../method-call.js';

type Method = (...args: readonly unknown[]) => unknown;

/** An instance of a class that the program registered, and the methods that clients may call. */
export class InstanceState {
  readonly #instance: Record<string, Method>;
  readonly #methods: readonly string[];
  /** Runs code of the program in a context that marks it as such. */
  readonly #run: (fn: Method, args: readonly unknown[]) => unknown;

  constructor(instance: object, methods: readonly string[], run: (fn: Method, args: readonly unknown[]) => unknown) {
    this.#instance = instance as Record<string, Method>;
    this.#methods = methods;
    this.#run = run;
  }

  call(method: number, call: MethodCall, args: readonly unknown[]): unknown {
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
