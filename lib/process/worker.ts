import { InitializerError, InvalidStateError, ProcessExitError } from '../errors.js';
import { BOOT_FAILURE, FAILURE, FATAL, RESULT, type ToParent } from '../protocol/messages.js';
import type { ProcessOptions } from './options.js';
import { Process } from './process.js';
import type { Exit } from './spawn.js';

/**
 * A {@link Process} with a result: `join()`, `await` and `result` return the value that its function returned.
 *
 * If the function throws, they throw its error; if the process ends first, {@link ProcessExitError}.
 *
 * @example
 * ```ts
 * const words = await new Worker({ target: countWords, args: [file] });
 * ```
 * @since 0.2.0
 */
export class Worker<R, A extends unknown[] = unknown[]> extends Process<R, A> {
  #outcome: { value: R } | { error: unknown } | undefined;
  #fatal: unknown;

  /**
   * @throws TypeError for an unknown or wrong option.
   * @throws {@link TaskNotFoundError} if no child can find `target` or an initializer.
   * @throws {@link BootstrapError} in a child, outside of a task.
   */
  constructor(options: ProcessOptions<A, R>) {
    super(options);
  }

  /** @internal */
  protected override get reportsResult(): boolean {
    return true;
  }

  /** @internal */
  protected override receive(message: ToParent): void {
    switch (message[0]) {
      case RESULT:
        this.#outcome = { value: message[2][0] as R };
        return;
      case FAILURE:
        this.#outcome = { error: message[2] };
        return;
      case FATAL:
        this.#fatal = message[1];
        return;
      case BOOT_FAILURE:
        this.#outcome = { error: new InitializerError(`${this.name} could not be initialised`, { cause: message[1] }) };
    }
  }

  /** @internal */
  protected override finish(): R {
    return this.result;
  }

  /**
   * The return value of the function.
   *
   * @throws the error of the function.
   * @throws {@link ProcessExitError} if the process ended before the function did.
   * @throws {@link InitializerError} if the process ended before it called the function.
   * @throws {@link InvalidStateError} before the end of the process.
   */
  get result(): R {
    if (this.exitcode === null) throw new InvalidStateError('coroutine not completed');
    if (this.#outcome === undefined) {
      const { exitCode, signal, error } = this.exit as Exit;
      if (error !== undefined) throw new InitializerError(`${this.name} could not be started`, { cause: error });
      const exit = { pid: this.pid, exitCode, signal, mayHaveStarted: true };
      throw new ProcessExitError(this.name, exit, this.#fatal === undefined ? {} : { cause: this.#fatal });
    }
    if ('error' in this.#outcome) throw this.#outcome.error;
    return this.#outcome.value;
  }
}
