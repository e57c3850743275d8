import { ProtocolError, TimeoutError } from '../../errors.js';
import type { ExitReason } from '../../observe/events.js';
import { type Connection, KILL_DELAY } from '../../process/connection.js';
import { createLateError } from '../../process/initializers.js';
import { type Exit, toSignal } from '../../process/spawn.js';
import type { ReadPoolOptions } from '../options/pool-options.js';
import type { Task } from '../task/task.js';
import { SpawnedPrograms } from './spawned-programs.js';

/** A child that does not notice within this time that its pool was terminated is in a busy loop, in milliseconds. */
const MAX_UNNOTICED = 1000;

/** The reasons for which the programs that a child has started end with it. Otherwise they may be there on purpose. */
const KILLS_TREE: ReadonlySet<ExitReason> = new Set(['failed', 'cancelled', 'terminated']);

/** Ends a child, and knows why it ends, whether its finalizer has run, and which programs it leaves. */
export class ChildEnding {
  /** `failed` unless the pool ends it. */
  reason: ExitReason = 'failed';
  /** It was killed because its start took longer than it may. */
  isLate = false;
  readonly #connection: Connection;
  readonly #options: ReadPoolOptions;
  readonly #onFinalizerError: (error: unknown) => void;
  #cause: unknown;
  /** The last signal for which the program has a listener in the child. */
  #signalled: NodeJS.Signals | null = null;
  #finalizing: 'none' | 'running' | 'ended' = 'none';
  /** `undefined` without `killTree`. */
  readonly #spawned: SpawnedPrograms | undefined;

  constructor(
    connection: Connection,
    options: ReadPoolOptions,
    killsTree: boolean,
    onFinalizerError: (error: unknown) => void,
  ) {
    this.#connection = connection;
    this.#options = options;
    this.#spawned = killsTree ? new SpawnedPrograms() : undefined;
    this.#onFinalizerError = onFinalizerError;
  }

  /** The child is to exit when its last tasks are answered. */
  plan(reason: ExitReason): void {
    if (this.reason === 'failed') this.reason = reason;
  }

  /** All its tasks are answered. */
  end(): void {
    const { finalizer, finalizerTimeout } = this.#options;
    this.#connection.end(KILL_DELAY, KILL_DELAY + (finalizer === undefined ? 0 : finalizerTimeout));
  }

  /** Ends it although tasks may run. @param isStarting - it does not notice that the pipe closes. */
  terminate(isStarting: boolean): void {
    this.reason = 'terminated';
    this.#spawned?.findBelow(this.#connection.pid);
    if (isStarting) this.#connection.kill('SIGKILL');
    else this.#connection.end(MAX_UNNOTICED);
  }

  killSilent(): void {
    this.#kill(
      new TimeoutError(
        `process ${this.#connection.pid} has nothing else to do and has not called the function of a task for ` +
          `${this.#options.startTimeout} ms (startTimeout): something that an earlier task left behind blocks its event loop, ` +
          'or it was stopped',
      ),
    );
  }

  /** @param task - was cancelled and has not ended. */
  killUncooperative(task: Task): void {
    this.reason = 'cancelled';
    this.#spawned?.findBelow(this.#connection.pid);
    this.#kill(new Error(`${task.name} was cancelled and has not ended within ${this.#options.cancelGracePeriod} ms`));
  }

  killLate(): void {
    this.isLate = true;
    this.#kill(createLateError(this.#connection.pid, this.#options.startTimeout));
  }

  #kill(cause: Error): void {
    this.#cause ??= cause;
    this.#connection.kill('SIGKILL');
  }

  /** The child reports the error that ends it. */
  onError(error: unknown): void {
    this.#cause = error;
  }

  onSignal(signal: number): void {
    this.#signalled = toSignal(signal);
  }

  onSpawned(pid: number): void {
    this.#spawned?.add(this.#connection.pid, pid);
  }

  /** The child has noticed that the pipe is closed. Its finalizer runs if it was ready. */
  onNoticed(wasReady: boolean): void {
    if (this.#options.finalizer !== undefined && wasReady) this.#finalizing = 'running';
  }

  /** @throws {@link ProtocolError} if no finalizer runs. */
  onFinalized(error: unknown): void {
    if (this.#finalizing !== 'running') throw new ProtocolError('child reported a finalizer that was not running');
    this.#finalizing = 'ended';
    if (error !== undefined) this.#onFinalizerError(error);
  }

  /** It has ended. @returns how, and why, if the child or its bytes told. */
  onEnd(exit: Exit): { exit: Exit; cause: unknown } {
    if (this.#finalizing === 'running') {
      this.#onFinalizerError(new TimeoutError('the finalizer has not ended in time'));
    }
    if (KILLS_TREE.has(this.reason)) this.#spawned?.kill();
    return {
      exit: this.reason === 'failed' ? { ...exit, signal: exit.signal ?? this.#signalled } : exit,
      cause: exit.error ?? this.#cause,
    };
  }
}
