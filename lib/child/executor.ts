import type { Channel } from '../ipc/channel.js';
import {
  ADDRESS,
  FAILURE,
  MAX_UNWRITTEN,
  PROGRESS,
  RESULT,
  TASK,
  type ToChild,
  type ToParent,
} from '../ipc/messages.js';
import type { Address } from '../tasks/address.js';
import { load } from '../tasks/load.js';
import type { CurrentTask } from './current-task.js';
import type { ChildState } from './state.js';

/** Tasks that block the event loop give way to input, timers and the results before them after this time. */
const MAX_SLICE = 1;

type Task = Extract<ToChild, [typeof TASK, ...unknown[]]>;
type TaskFunction = (...args: readonly unknown[]) => unknown;

/** A function that is still being imported is `undefined`; one that cannot be is the error. */
type Loaded = TaskFunction | Error | undefined;

/** What {@link Executor} needs to know. */
export interface ExecutorOptions {
  channel: Channel<ToChild, ToParent>;
  concurrency: number;
  state: ChildState;
  /** Sees every error a task throws, before the caller does. */
  onError(error: unknown): void;
}

/**
 * Runs tasks in the order in which they came, up to `concurrency` of them at a time, and posts what becomes of each.
 */
export class Executor {
  readonly #channel: Channel<ToChild, ToParent>;
  readonly #concurrency: number;
  readonly #state: ChildState;
  readonly #onError: (error: unknown) => void;
  readonly #functions = new Map<number, Loaded>();
  readonly #queue: Task[] = [];
  #head = 0;
  #running = 0;
  #unwritten = 0;
  #flushing = false;
  #paused = false;

  constructor({ channel, concurrency, state, onError }: ExecutorOptions) {
    this.#channel = channel;
    this.#concurrency = concurrency;
    this.#state = state;
    this.#onError = onError;
  }

  accept(messages: readonly ToChild[]): void {
    for (const message of messages) {
      if (message[0] === TASK) this.#queue.push(message);
      else if (message[0] === ADDRESS) this.#load(message[1], message[2]);
    }
    this.#startTasks();
  }

  /** The pipe has taken what was written. */
  onDrain(): void {
    this.#unwritten = 0;
    this.#startTasks();
  }

  /** What a task returned could not be written after all. */
  onUnsendable(message: ToParent, error: unknown): void {
    if (message[0] === RESULT || message[0] === FAILURE) this.#channel.post([FAILURE, message[1], error], 'error');
    this.#flushLater();
  }

  #load(id: number, address: Address): void {
    this.#functions.set(id, undefined);
    load(address)
      .then(
        (fn) => fn as TaskFunction,
        (error: Error) => error,
      )
      .then((loaded) => {
        this.#functions.set(id, loaded);
        this.#startTasks();
      });
  }

  #startTasks(): void {
    if (this.#paused) return;
    const begin = performance.now();
    while (this.#head < this.#queue.length && this.#mayStart()) {
      const task = this.#queue[this.#head] as Task;
      const fn = this.#functions.get(task[2]);
      if (fn === undefined) return;
      this.#head++;
      this.#start(task, fn);
      if (performance.now() - begin > MAX_SLICE) return this.#pause();
    }
    if (this.#head === this.#queue.length) {
      this.#queue.length = 0;
      this.#head = 0;
    }
  }

  #mayStart(): boolean {
    return (
      this.#running < this.#concurrency &&
      this.#running + this.#unwritten < Math.max(MAX_UNWRITTEN, this.#concurrency) &&
      !this.#channel.congested
    );
  }

  #pause(): void {
    this.#paused = true;
    setImmediate(() => {
      this.#paused = false;
      this.#startTasks();
    });
  }

  #start(task: Task, fn: TaskFunction | Error): void {
    const [, id, , args] = task;
    this.#running++;
    try {
      if (fn instanceof Error) throw fn;
      const { storage } = this.#state;
      const result = storage === undefined ? fn(...args) : storage.run(this.#describe(id), fn, ...args);
      if (isThenable(result)) {
        result.then(
          (value) => this.#succeed(id, value),
          (error) => this.#fail(id, error),
        );
      } else this.#succeed(id, result);
    } catch (error) {
      this.#fail(id, error);
    }
  }

  #describe(id: number): CurrentTask {
    return new RunningTask(id, (value) => this.#report(id, value));
  }

  #succeed(id: number, value: unknown): void {
    this.#running--;
    try {
      this.#channel.post([RESULT, id, value], 'result');
    } catch (error) {
      this.#channel.post([FAILURE, id, error], 'error');
    }
    this.#scheduleFlush();
  }

  #fail(id: number, error: unknown): void {
    this.#running--;
    this.#onError(error);
    try {
      this.#channel.post([FAILURE, id, error], 'error');
    } catch (unsendable) {
      this.#channel.post([FAILURE, id, unsendable], 'error');
    }
    this.#scheduleFlush();
  }

  #report(id: number, value: unknown): void {
    this.#channel.post([PROGRESS, id, value], 'progress');
    this.#flushLater();
  }

  #scheduleFlush(): void {
    this.#unwritten++;
    this.#flushLater();
  }

  /** Once the promises of this turn have run: everything they settle goes out in one write. */
  #flushLater(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    process.nextTick(this.#flush);
  }

  readonly #flush = (): void => {
    this.#flushing = false;
    this.#channel.flush();
    if (this.#channel.congested) return;
    this.#unwritten = 0;
    this.#startTasks();
  };
}

class RunningTask implements CurrentTask {
  readonly attempt = 1;
  readonly id: number;
  readonly report: (progress: unknown) => void;
  #signal: AbortSignal | undefined;

  constructor(id: number, report: (progress: unknown) => void) {
    this.id = id;
    this.report = report;
  }

  get signal(): AbortSignal {
    this.#signal ??= new AbortController().signal;
    return this.#signal;
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    value !== null &&
    (typeof value === 'object' || typeof value === 'function') &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}
