import { InvalidStateError, TimeoutError } from '../errors.js';
import { addressOf } from '../functions/address/address.js';
import { READY, type ToParent } from '../protocol/messages.js';
import type { StartOptions } from '../protocol/start-options.js';
import { clearTimeout, setTimeout } from '../util/clock.js';
import { Deadline } from '../util/deadline.js';
import { hold, holdUntil, MAX_DELAY, release } from '../util/keep-alive.js';
import { readOptions } from '../util/validation.js';
import { Connection } from './connection.js';
import { addressInitializers, createLateError } from './initializers.js';
import { PROCESS_OPTIONS, type ProcessOptions, pickSpawnOptions, type ReadSpawnOptions } from './options.js';
import { type Exit, spawnChild, toExitcode } from './spawn.js';
import { requireStartable } from './startable.js';

let created = 0;

/**
 * One child process that runs one async function.
 *
 * The return value of the function is dropped; a `Worker` keeps it. If the function throws, the child prints the error
 * and exits with code 1; `join()` resolves all the same, so check `exitcode`. After Python's `aiomultiprocess.Process`.
 *
 * @example
 * ```ts
 * const process = new Process({ target: importFeed, args: [url] });
 * process.start();
 * await process.join();
 * ```
 * @since 0.2.0
 */
export class Process<R = void, A extends unknown[] = unknown[]> implements PromiseLike<R> {
  readonly #name: string;
  readonly #spawn: ReadSpawnOptions;
  readonly #start: StartOptions;
  readonly #startTimeout: number;
  #daemon: boolean;
  #connection: Connection | undefined;
  /** @internal How the process ended. */
  protected exit: Exit | undefined;
  #ended: Promise<void> | undefined;
  #isTerminated = false;
  #closed = false;

  /**
   * @throws TypeError for an unknown or wrong option.
   * @throws {@link TaskNotFoundError} if no child can find `target` or an initializer.
   * @throws {@link BootstrapError} in a child, outside of a task.
   */
  constructor(options: ProcessOptions<A, unknown>) {
    const what = new.target.name;
    const read = readOptions(what, options as unknown as ProcessOptions, PROCESS_OPTIONS);
    this.#name = read.name ?? `${what}-${++created}`;
    this.#daemon = read.daemon;
    this.#startTimeout = read.startTimeout;
    this.#spawn = pickSpawnOptions(read, read.name);
    requireStartable(`a ${what}`, read.execPath);
    this.#start = {
      name: this.#name,
      parent: process.pid,
      ...addressInitializers(read),
      target: addressOf(read.target, 'target'),
      args: read.args,
      concurrency: 1,
      reportResult: this.reportsResult,
    };
  }

  /** @internal Whether the child sends the result or error of the target. */
  protected get reportsResult(): boolean {
    return false;
  }

  /** @internal Receives a message of the child. */
  protected receive(_message: ToParent): void {}

  /** @internal The value to which {@link join} resolves. */
  protected finish(): R {
    return undefined as R;
  }

  /**
   * @throws {@link InvalidStateError} if it was started or closed before.
   * @throws {@link SerializationError} if an argument cannot be sent.
   */
  start(): void {
    this.#refuseIfClosed();
    if (this.#connection !== undefined)
      throw new InvalidStateError(`${this.#name} was started before; create another one`);
    const connection = new Connection(spawnChild(this.#spawn, 'process'), this.#start, {
      onMessages: (messages) => {
        for (const message of messages) {
          if (message[0] === READY) {
            startLimit?.clear();
            // A signal that reaches the child at the moment at which it stops to ignore signals has no effect.
            if (this.#isTerminated) connection.kill('SIGTERM');
          } else this.receive(message);
        }
      },
      onRead() {},
      onDrain() {},
    });
    this.#connection = connection;
    let late: Error | undefined;
    const startLimit = this.#limitStart(connection, (error) => {
      late = error;
    });
    if (!this.#daemon) hold();
    this.#ended = connection.ended.then((exit) => {
      startLimit?.clear();
      this.exit = late === undefined ? exit : { ...exit, error: late };
      // No child is there to print it.
      const { error } = this.exit;
      if (error !== undefined && !this.reportsResult && this.#spawn.stdio !== 'ignore') console.error(error);
      if (!this.#daemon) release();
    });
  }

  #limitStart(connection: Connection, onLate: (error: Error) => void): Deadline | undefined {
    if (this.#startTimeout === 0) return undefined;
    return new Deadline(this.#startTimeout, () => {
      onLate(createLateError(connection.pid, this.#startTimeout));
      connection.kill('SIGKILL');
    });
  }

  /**
   * Waits until the process has ended.
   *
   * @param timeout - the longest wait in milliseconds. Default: no limit.
   * @throws TypeError for a wrong timeout.
   * @throws {@link InvalidStateError} before {@link start}.
   * @throws {@link TimeoutError} if the process takes longer. It continues, and can be joined again.
   */
  async join(timeout?: number): Promise<R> {
    if (timeout !== undefined && !(typeof timeout === 'number' && timeout >= 0)) {
      throw new TypeError(`join: expected a timeout of at least 0 milliseconds, got ${String(timeout)}`);
    }
    if (this.#ended === undefined) throw new InvalidStateError('must start process before joining it');
    await holdUntil(
      timeout === undefined || timeout > MAX_DELAY ? this.#ended : limit(this.#ended, timeout, this.#name),
    );
    return this.finish();
  }

  /** `await process` starts the process, unless it was started before, and joins it. */
  then<T = R, E = never>(
    onfulfilled?: ((value: R) => T | PromiseLike<T>) | null,
    onrejected?: ((reason: unknown) => E | PromiseLike<E>) | null,
  ): Promise<T | E> {
    return this.#run().then(onfulfilled, onrejected);
  }

  async #run(): Promise<R> {
    if (this.#connection === undefined) this.start();
    return this.join();
  }

  /** Sends SIGTERM, and SIGKILL if the process is still alive after five seconds. */
  terminate(): void {
    if (this.#connection === undefined) return;
    this.#isTerminated = true;
    this.#connection.kill('SIGTERM');
  }

  /** Sends SIGKILL. */
  kill(): void {
    this.#connection?.kill('SIGKILL');
  }

  /**
   * Releases the process. `pid`, `exitcode` and `isAlive()` throw afterwards.
   *
   * @throws {@link InvalidStateError} while the process runs.
   */
  close(): void {
    if (this.isAlive())
      throw new InvalidStateError(`${this.#name} is still running; join or terminate it before close`);
    this.#closed = true;
  }

  /** Whether the process has been started and has not ended. @throws {@link InvalidStateError} after {@link close}. */
  isAlive(): boolean {
    this.#refuseIfClosed();
    return this.#connection !== undefined && this.exit === undefined;
  }

  /** The name in errors. */
  get name(): string {
    return this.#name;
  }

  /** `undefined` before {@link start}. */
  get pid(): number | undefined {
    this.#refuseIfClosed();
    return this.#connection?.pid;
  }

  /** The exit code, the negative number of the signal that ended the process, or `null` before its end. */
  get exitcode(): number | null {
    this.#refuseIfClosed();
    return this.exit === undefined ? null : toExitcode(this.exit);
  }

  /** Whether the program ends the process when the program itself ends. It can be set until {@link start}. */
  get daemon(): boolean {
    return this.#daemon;
  }

  /** @throws {@link InvalidStateError} after {@link start}. */
  set daemon(daemon: boolean) {
    if (this.#connection !== undefined) throw new InvalidStateError(`${this.#name} has started; set daemon before`);
    this.#daemon = daemon;
  }

  #refuseIfClosed(): void {
    if (this.#closed) throw new InvalidStateError(`${this.#name} is closed`);
  }
}

async function limit(ended: Promise<void>, timeout: number, name: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new TimeoutError(`${name} has not ended within ${timeout} ms`)), timeout);
  });
  try {
    await Promise.race([ended, late]);
  } finally {
    clearTimeout(timer);
  }
}
