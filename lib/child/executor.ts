import type { Channel } from '../ipc/channel.js';
import {
  ADDRESS,
  ATTEMPT,
  BEGUN,
  CANCEL,
  CONTEXT,
  CREDIT,
  FAILURE,
  GUARD,
  LOADED,
  LOADING,
  MAX_UNWRITTEN,
  MEASURE,
  STREAM,
  TASK,
  type ToChild,
  type ToParent,
} from '../ipc/messages.js';
import type { Address } from '../tasks/address.js';
import { load } from '../tasks/load.js';
import { nextTick, nextTurn, queueMicrotask, setImmediate, sleep } from '../util/clock.js';
import type { RunInContext } from './boot.js';
import { Controls } from './controls.js';
import { startGuard } from './guard.js';
import { Pace } from './pace.js';
import { Slots } from './slots.js';
import type { ChildState } from './state.js';
import { Stopwatch } from './stopwatch.js';
import { StreamRunner } from './stream-runner.js';
import { TaskQueue } from './task-queue.js';
import { isThenable, whenSettled } from './thenable.js';
import { UsageReporter } from './usage-reporter.js';

/** How long the end of the process waits for tasks whose signal has aborted, in milliseconds. */
const MAX_ABORTING = 1000;

type TaskFunction = (...args: readonly unknown[]) => unknown;

/** A function that tasks call. */
interface Target {
  readonly id: number;
  readonly address: Address;
  /** The parent is told when its tasks begin: they have a time limit. */
  readonly isTimed: boolean;
  /** How far its import is. */
  state: 'new' | 'announced' | 'loading';
  /** `undefined` until it is loaded; the error if it cannot be. */
  fn: TaskFunction | Error | undefined;
}

/** What {@link Executor} needs to know. */
export interface ExecutorOptions {
  channel: Channel<ToChild, ToParent>;
  concurrency: number;
  /** Whether the parent is told what this process uses, also while it does not ask for more. */
  reportUsage: boolean;
  runInContext: RunInContext | undefined;
  state: ChildState;
  /** Sees every error a task throws, before the caller does. */
  onError(error: unknown): void;
}

/**
 * Runs tasks in the order in which they came, up to `concurrency` of them at a time, and posts what becomes of each.
 *
 * It works in turns: start what may start, let the promises run, start what may start now. The results are written when
 * nothing more can start or the turns have taken a while.
 */
export class Executor {
  readonly #channel: Channel<ToChild, ToParent>;
  readonly #concurrency: number;
  /** How many tasks may have begun whose result is not written. */
  readonly #maxBegun: number;
  readonly #state: ChildState;
  readonly #onError: (error: unknown) => void;
  readonly #targets: Target[] = [];
  readonly #queue = new TaskQueue();
  readonly #slots = new Slots(
    (id, value) => this.#succeed(id, value),
    (id, error) => this.#fail(id, error),
  );
  readonly #pace = new Pace();
  readonly #controls: Controls;
  readonly #streams: StreamRunner;
  readonly #reportUsage: boolean;
  readonly #runInContext: RunInContext | undefined;
  #usage: UsageReporter | undefined;
  /** While the parent wants to know how long tasks take. */
  #stopwatch: Stopwatch | undefined;
  /** Tasks that were cancelled before they began are answered, and that is not written. */
  #hasSkipped = false;
  /** The task of which the parent was told last that it begins. */
  #announced: number | undefined;
  #running = 0;
  #unwritten = 0;
  #turning = false;

  constructor({ channel, concurrency, reportUsage, runInContext, state, onError }: ExecutorOptions) {
    this.#channel = channel;
    this.#concurrency = concurrency;
    this.#maxBegun = Math.max(MAX_UNWRITTEN, concurrency);
    this.#state = state;
    this.#onError = onError;
    this.#controls = new Controls(channel, () => this.#scheduleTurn());
    this.#runInContext = runInContext;
    this.#reportUsage = reportUsage;
    this.#usage = reportUsage ? new UsageReporter(channel) : undefined;
    this.#streams = new StreamRunner(channel, () => this.#scheduleTurn());
  }

  accept(messages: readonly ToChild[]): void {
    for (const message of messages) this.#acceptOne(message);
    this.#scheduleTurn();
  }

  #acceptOne(message: ToChild): void {
    switch (message[0]) {
      case TASK:
        this.#queue.push(message);
        break;
      case ADDRESS:
        this.#introduce(message[1], message[2] === 1, message[3]);
        break;
      case ATTEMPT:
        this.#controls.setAttempt(message[1], message[2]);
        break;
      case STREAM:
        this.#streams.expect(message[1], message[2]);
        break;
      case CREDIT:
        this.#streams.grant(message[1], message[2]);
        break;
      case CANCEL:
        this.#cancel(message[1]);
        break;
      case CONTEXT:
        this.#controls.setContext(message[1], message[2]);
        break;
      case GUARD:
        startGuard();
        break;
      case MEASURE:
        this.#measure(message[1]);
        break;
    }
  }

  #measure(isWanted: boolean): void {
    this.#stopwatch = isWanted ? new Stopwatch(this.#channel) : undefined;
    this.#usage = isWanted || this.#reportUsage ? new UsageReporter(this.#channel) : undefined;
  }

  #cancel(id: number): void {
    // Its answer may be on its way, or its arguments could not be sent.
    if (!this.#queue.has(id) && !this.#slots.has(id)) return this.#forget(id);
    this.#controls.cancel(id);
    this.#streams.cancel(id);
  }

  /**
   * The process ends: starts nothing more, and aborts the signals of the tasks that run. Those that have asked for theirs
   * have a moment to come to an end.
   */
  async abort(): Promise<void> {
    this.#queue.clear();
    this.#streams.cancelAll();
    await Promise.race([this.#controls.abortAll(), sleep(MAX_ABORTING)]);
    // What else has reacted, the `finally` of a generator for instance, has at least this turn of the event loop.
    await nextTurn();
  }

  /** The pipe has taken what was written. What was posted since is written by the turn, which then starts tasks. */
  onDrain(): void {
    this.#scheduleTurn();
  }

  #introduce(id: number, isTimed: boolean, address: Address): void {
    this.#targets[id] = { id, address, isTimed, state: 'new', fn: undefined };
  }

  /**
   * Imports the function of the task that is next, and of no other: a task that blocks the event loop does not count against
   * the import of one behind it. A module may block it as well, so the parent is told before.
   */
  #load(target: Target): void {
    if (target.state === 'new') {
      target.state = 'announced';
      this.#channel.post([LOADING, target.id]);
    }
    if (target.state === 'announced' && this.#write()) void this.#import(target);
  }

  async #import(target: Target): Promise<void> {
    target.state = 'loading';
    target.fn = await load(target.address).then(
      (fn) => fn as TaskFunction,
      (error: Error) => error,
    );
    this.#channel.post([LOADED, target.id]);
    // Before a task that may be in a busy loop.
    this.#write();
    this.#scheduleTurn();
  }

  /**
   * Tells the parent what it must know before the function of a task is called: that a task with a time limit begins, and
   * that those before it do not wait any longer.
   *
   * @returns whether that is in the pipe.
   */
  #announce(id: number, { isTimed }: Target): boolean {
    if (isTimed && this.#announced !== id) {
      this.#announced = id;
      this.#channel.post([BEGUN, id]);
    }
    this.#hasSkipped = false;
    return this.#write();
  }

  /** @returns whether the pipe has taken all that was posted. */
  #write(): boolean {
    this.#channel.flush();
    if (this.#channel.congested) return false;
    this.#unwritten = 0;
    return true;
  }

  /** @returns whether any was started. */
  #startTasks(): boolean {
    let started = false;
    while (this.#mayStart()) {
      const { address } = this.#queue;
      if (address === undefined) break;
      const { id } = this.#queue;
      if (this.#controls.isCancelled(id)) this.#skip(id);
      else {
        const target = this.#targets[address];
        if (target === undefined) break;
        if (target.fn === undefined) {
          this.#load(target);
          break;
        }
        if ((target.isTimed || this.#hasSkipped) && !this.#announce(id, target)) break;
        this.#start(id, target.fn, this.#queue.shift());
      }
      this.#pace.count();
      started = true;
    }
    return started;
  }

  #mayStart(): boolean {
    return (
      this.#running < this.#concurrency &&
      this.#running + this.#unwritten < this.#maxBegun &&
      !this.#channel.congested &&
      !this.#pace.isOver
    );
  }

  /** Answers a task that was cancelled before it began: only its slot is left to release. */
  #skip(id: number): void {
    this.#queue.shift();
    this.#running++;
    this.#hasSkipped = true;
    this.#succeed(id, undefined);
  }

  #start(id: number, fn: TaskFunction | Error, args: readonly unknown[]): void {
    this.#running++;
    try {
      if (fn instanceof Error) throw fn;
      this.#stopwatch?.begin(id);
      const { storage } = this.#state;
      const body = this.#streams.isStream(id) ? this.#toStream(id, fn) : fn;
      const run = this.#controls.bind(id, body, this.#runInContext);
      const result = storage === undefined ? run(...args) : storage.run(this.#controls.describe(id), run, ...args);
      if (!isThenable(result)) return this.#succeed(id, result);
      const slot = this.#slots.take(id);
      whenSettled(result, slot.succeed, slot.fail);
    } catch (error) {
      this.#fail(id, error);
    }
  }

  #toStream(id: number, fn: TaskFunction): TaskFunction {
    return (...args) => this.#streams.run(id, fn(...args));
  }

  #succeed(id: number, value: unknown): void {
    this.#stopwatch?.end(id);
    try {
      this.#channel.postResult(id, value);
    } catch (error) {
      this.#channel.postError([FAILURE, id, error]);
    }
    this.#end(id);
  }

  #fail(id: number, error: unknown): void {
    this.#stopwatch?.end(id);
    this.#onError(error);
    this.#channel.postError([FAILURE, id, error]);
    this.#end(id);
  }

  #end(id: number): void {
    this.#forget(id);
    this.#running--;
    this.#unwritten++;
    this.#scheduleTurn();
  }

  #forget(id: number): void {
    this.#controls.forget(id);
    this.#streams.forget(id);
  }

  #scheduleTurn(): void {
    if (this.#turning) return;
    this.#turning = true;
    this.#pace.begin();
    nextTick(this.#turn);
  }

  readonly #turn = (): void => {
    if (this.#startTasks()) return this.#turnAgain();
    this.#usage?.report();
    this.#write();
    // Tasks that block the event loop give way to input, to timers and to the results before them.
    if (this.#pace.isOver) setImmediate(this.#resume);
    else if (this.#startTasks()) this.#turnAgain();
    else this.#turning = false;
  };

  /** A tick that a microtask asks for comes after all microtasks, those of the tasks that were just started too. */
  #turnAgain(): void {
    queueMicrotask(this.#scheduleTick);
  }

  readonly #scheduleTick = (): void => nextTick(this.#turn);

  readonly #resume = (): void => {
    this.#pace.begin();
    this.#turn();
  };
}
