import { Connection } from './connection.js';
import { InvalidStateError, TimeoutError } from './errors.js';
import { READY, type StartOptions, type ToParent } from './ipc/messages.js';
import { hold, MAX_DELAY, release } from './keep-alive.js';
import { boolean, callback, list, pickSpawnOptions, readOptions, spawnOptions } from './options.js';
import { type Exit, type ReadSpawnOptions, type SpawnOptions, spawnChild, toExitcode } from './spawn.js';
import { addressInitializers, createLateError, type InitializerOptions, START_TIMEOUT } from './start-options.js';
import { requireStartable } from './startable.js';
import { addressOf, type TaskFunction } from './tasks/address.js';
import { clearTimeout, setTimeout } from './util/clock.js';
import { Deadline } from './util/deadline.js';

/** The arguments of a target may be left out if it needs none. */
type TargetArguments<A extends unknown[]> = [] extends A
  ? {
      /** The arguments of `target`. */
      args?: Readonly<NoInfer<A>>;
    }
  : {
      /** The arguments of `target`. */
      args: Readonly<NoInfer<A>>;
    };

/** What a {@link Process} or {@link Worker} runs, and how. */
export type ProcessOptions<A extends unknown[] = unknown[], R = unknown> = TargetOptions<A, R> & TargetArguments<A>;

interface TargetOptions<A extends unknown[], R> extends SpawnOptions, InitializerOptions {
  /** Runs in the child. Like every function that does, it must be found there as an export. */
  target: TaskFunction<A, R>;
  /** Default: `Process-1`, `Process-2`, … */
  name?: string;
  /** `true`: the program does not wait for this process, and takes it along when it ends. Default `false`. */
  daemon?: boolean;
}

const OPTIONS = { ...spawnOptions, target: callback, args: list, daemon: boolean };

let created = 0;

/**
 * One child process that runs one async function.
 *
 * What the function returns is dropped; a `Worker` keeps it. If it throws, the child prints the error and exits with
 * code 1, and `join()` resolves all the same: look at `exitcode`. After Python's `aiomultiprocess.Process`.
 *
 * @example
 * ```ts
 * const process = new Process({ target: importFeed, args: [url] });
 * process.start();
 * await process.join();
 * ```
 */
export class Process<R = void, A extends unknown[] = unknown[]> implements PromiseLike<R> {
  readonly #name: string;
  readonly #spawn: ReadSpawnOptions;
  readonly #start: StartOptions;
  readonly #startTimeout: number;
  #daemon: boolean;
  #connection: Connection | undefined;
  /** @internal How it ended. */
  protected exit: Exit | undefined;
  #ended: Promise<void> | undefined;
  #closed = false;

  /**
   * @throws TypeError for an unknown or wrong option.
   * @throws {@link TaskNotFoundError} if no child can find `target` or an initializer.
   * @throws {@link BootstrapError} in a child, outside of a task.
   */
  constructor(options: ProcessOptions<A, unknown>) {
    const what = new.target.name;
    const {
      target,
      args = [],
      name,
      daemon = false,
      startTimeout = START_TIMEOUT,
      ...rest
    } = readOptions<Partial<ProcessOptions>>(what, options, OPTIONS);
    if (target === undefined) throw new TypeError(`${what}: option "target" is missing: the function to run`);
    this.#name = name ?? `${what}-${++created}`;
    this.#daemon = daemon;
    this.#startTimeout = startTimeout;
    this.#spawn = pickSpawnOptions({ ...rest, ...(name !== undefined && { name }) });
    requireStartable(`a ${what}`, this.#spawn.execPath);
    this.#start = {
      name: this.#name,
      parent: process.pid,
      ...addressInitializers(rest),
      target: addressOf(target, 'target'),
      args,
      concurrency: 1,
      reportResult: this.reportsResult,
    };
  }

  /** @internal Whether the child sends what the target returns or throws. */
  protected get reportsResult(): boolean {
    return false;
  }

  /** @internal Takes what the child sends. */
  protected receive(_message: ToParent): void {}

  /** @internal What {@link join} resolves to. */
  protected finish(): R {
    return undefined as R;
  }

  /**
   * @throws {@link InvalidStateError} if it was started or closed before.
   * @throws {@link SerializationError} if an argument cannot travel.
   */
  start(): void {
    this.#refuseIfClosed();
    if (this.#connection !== undefined)
      throw new InvalidStateError(`${this.#name} was started before; create another one`);
    const connection = new Connection(spawnChild(this.#spawn, 'process'), this.#start, {
      onMessages: (messages) => {
        for (const message of messages) {
          if (message[0] === READY) startLimit?.clear();
          else this.receive(message);
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
      // There is no child to print it.
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
   * @param timeout - milliseconds; default: as long as it takes.
   * @throws TypeError for a wrong timeout.
   * @throws {@link InvalidStateError} before {@link start}.
   * @throws {@link TimeoutError} if it takes longer; it goes on, and can be joined again.
   */
  async join(timeout?: number): Promise<R> {
    if (timeout !== undefined && !(typeof timeout === 'number' && timeout >= 0)) {
      throw new TypeError(`join: timeout takes milliseconds, a number of at least 0, got ${String(timeout)}`);
    }
    if (this.#ended === undefined) throw new InvalidStateError('must start process before joining it');
    hold();
    try {
      await (timeout === undefined || timeout > MAX_DELAY ? this.#ended : limit(this.#ended, timeout, this.#name));
    } finally {
      release();
    }
    return this.finish();
  }

  /** `await process` starts it if that was not done, and joins it. */
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

  /** Asks it to end: SIGTERM, and SIGKILL after five seconds. */
  terminate(): void {
    this.#connection?.kill('SIGTERM');
  }

  /** Ends it at once: SIGKILL. */
  kill(): void {
    this.#connection?.kill('SIGKILL');
  }

  /**
   * Forgets the process; what it was cannot be asked any more.
   *
   * @throws {@link InvalidStateError} while it runs.
   */
  close(): void {
    if (this.isAlive())
      throw new InvalidStateError(`${this.#name} is still running; join or terminate it before close`);
    this.#closed = true;
  }

  isAlive(): boolean {
    this.#refuseIfClosed();
    return this.#connection !== undefined && this.exit === undefined;
  }

  get name(): string {
    return this.#name;
  }

  /** `undefined` before {@link start}. */
  get pid(): number | undefined {
    this.#refuseIfClosed();
    return this.#connection?.pid;
  }

  /** The exit code, the negative number of the signal that ended it, or `null` before it has ended. */
  get exitcode(): number | null {
    this.#refuseIfClosed();
    return this.exit === undefined ? null : toExitcode(this.exit);
  }

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
