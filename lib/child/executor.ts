import type { Channel } from '../ipc/channel.js';
import type { ChildState } from '../process/child-state.js';
import {
  ADDRESS,
  ATTEMPT,
  BEGUN,
  CANCEL,
  CONTEXT,
  CREDIT,
  FAILURE,
  GUARD,
  KEYS,
  LIMIT,
  MAPPED,
  MEASURE,
  MEMORY,
  RECALL,
  RETURNED,
  STREAM,
  TASK,
  type ToChild,
  type ToParent,
  WARM,
} from '../protocol/messages.js';
import type { MappedBlocks } from '../shared-memory/mapped-blocks.js';
import { nextTick, nextTurn, queueMicrotask, setImmediate, sleep } from '../util/clock.js';
import { isThenable, whenSettled } from '../util/thenable.js';
import type { RunInContext } from './boot.js';
import { ConcurrencyControl, type FunctionLoad } from './concurrency.js';
import { type KeySource, TaskControls } from './controls.js';
import { PendingTasks } from './pending-tasks.js';
import { Slots } from './slots.js';
import { StartLimit } from './start-limit.js';
import { Stopwatch } from './stopwatch.js';
import { StreamRunner } from './stream-runner.js';
import { type Target, Targets, type TaskFunction } from './targets.js';
import { UsageReporter } from './usage-reporter.js';
import { startWatchdog } from './watchdog.js';

/** How long the end of the process waits for tasks whose signal has aborted, in milliseconds. */
const MAX_ABORTING = 1000;
/** How long a result waits for others that end in the same round of the event loop, in milliseconds. */
const MAX_WAIT = 8;

export interface ExecutorOptions {
  channel: Channel<ToChild, ToParent>;
  /** What the keys of tasks start with. */
  pool: string;
  /** Through which large values may travel, once the parent offers it. */
  memory: MappedBlocks;
  concurrency: number;
  /** Whether up to `concurrency` tasks always run at a time, whatever they do. */
  isFixed: boolean;
  /** Whether the parent is told what this process uses, also while tasks are not measured. */
  reportUsage: boolean;
  runInContext: RunInContext | undefined;
  state: ChildState;
  /** Sees every error a task throws, before the caller does. */
  onError(error: unknown): void;
}

/**
 * Runs tasks in the order in which they came, up to `concurrency` of them at a time, and posts their results and errors.
 *
 * It works in turns: it starts the tasks that may start, lets the promises run, and starts again. It writes the results when
 * no further task can start or the turns have taken a while. Tasks that end between turns, as their timers and sockets call
 * back, share the next one.
 */
export class Executor {
  readonly #channel: Channel<ToChild, ToParent>;
  readonly #memory: MappedBlocks;
  readonly #state: ChildState;
  readonly #onError: (error: unknown) => void;
  readonly #targets: Targets;
  readonly #queue = new PendingTasks();
  readonly #slots = new Slots(
    (id, load, value) => this.#succeed(id, load, value),
    (id, load, error) => this.#fail(id, load, error),
  );
  readonly #concurrency: ConcurrencyControl;
  readonly #limit: StartLimit;
  readonly #controls: TaskControls;
  /** Created with the first stream. */
  #streams: StreamRunner | undefined;
  readonly #reportUsage: boolean;
  readonly #runInContext: RunInContext | undefined;
  #usage: UsageReporter | undefined;
  /** While the parent measures tasks. */
  #stopwatch: Stopwatch | undefined;
  /** Answers of tasks that were cancelled before they began are not written yet. */
  #hasSkipped = false;
  /** The tasks of whose results the parent may keep views. */
  readonly #asViews = new Set<number>();
  /** The last task whose begin the parent was told. */
  #announced: number | undefined;
  /** What the keys of the tasks that come next follow from, if not from their ids alone. */
  #keys: KeySource | undefined;
  #turning = false;
  /** A turn comes at the end of this round of the event loop, unless one comes before. */
  #isTurnDue = false;

  constructor({
    channel,
    pool,
    memory,
    concurrency,
    isFixed,
    reportUsage,
    runInContext,
    state,
    onError,
  }: ExecutorOptions) {
    this.#channel = channel;
    this.#memory = memory;
    this.#limit = new StartLimit(concurrency);
    this.#concurrency = new ConcurrencyControl(concurrency, isFixed, ({ id, limit, isLong }) => {
      channel.post([LIMIT, id, limit, isLong ? 1 : 0]);
      this.#scheduleTurn();
    });
    this.#state = state;
    this.#onError = onError;
    this.#targets = new Targets(channel, { write: () => this.#write(), onLoaded: () => this.#scheduleTurn() });
    this.#controls = new TaskControls(channel, pool, () => this.#scheduleTurn());
    this.#runInContext = runInContext;
    this.#reportUsage = reportUsage;
    this.#usage = reportUsage ? new UsageReporter(channel) : undefined;
  }

  accept(messages: readonly ToChild[]): void {
    for (const message of messages) this.#acceptOne(message);
    this.#scheduleTurn();
  }

  #acceptOne(message: ToChild): void {
    switch (message[0]) {
      case TASK:
        if (this.#keys !== undefined) this.#controls.setKeys(message[1], message[3].length, this.#keys);
        this.#queue.push(message);
        break;
      case ADDRESS:
        this.#targets.add(message[1], message[2], message[3], this.#concurrency.add(message[1]));
        break;
      case KEYS:
        this.#keys = this.#controls.readKeys(message[2], message[1]);
        break;
      case ATTEMPT:
        this.#controls.setAttempt(message[1], message[2]);
        break;
      case STREAM:
        this.#streams ??= new StreamRunner(this.#channel, () => this.#scheduleTurn());
        this.#streams.expect(message[1], message[2]);
        break;
      case CREDIT:
        this.#streams?.grant(message[1], message[2]);
        break;
      case CANCEL:
        this.#cancel(message[1]);
        break;
      case CONTEXT:
        this.#controls.setContext(message[1], message[2]);
        break;
      case GUARD:
        startWatchdog();
        break;
      case MEASURE:
        this.#measure(message[1]);
        break;
      case RECALL:
        this.#giveBack(message[1]);
        break;
      case WARM:
        this.#targets.addCold(message[1]);
        break;
      case MEMORY:
        this.#channel.post([MAPPED, this.#memory.open(message[1]) ? 1 : 0]);
        break;
    }
  }

  /** @param mask - see {@link Stopwatch}; negative: no task is measured. */
  #measure(mask: number): void {
    const isWanted = mask >= 0;
    this.#stopwatch = isWanted ? new Stopwatch(this.#channel, mask) : undefined;
    this.#usage = isWanted || this.#reportUsage ? new UsageReporter(this.#channel) : undefined;
  }

  #cancel(id: number): void {
    // Its answer may be on its way, or its arguments could not be sent.
    if (!this.#queue.has(id) && !this.#slots.has(id)) return this.#forget(id);
    this.#controls.cancel(id);
    this.#streams?.cancel(id);
  }

  /** Answers which of the last tasks will not start here. */
  #giveBack(count: number): void {
    // The parent was told that the first one begins.
    const isAnnounced = this.#queue.address !== undefined && this.#queue.id === this.#announced;
    const ids = this.#queue.takeLast(count, isAnnounced ? 1 : 0);
    for (const id of ids) this.#forget(id);
    this.#channel.post([RETURNED, ids]);
  }

  /**
   * The process ends: starts no further task, and aborts the signals of the tasks that run. Tasks that have asked for their
   * signal have a moment to end.
   */
  async abort(): Promise<void> {
    this.#queue.clear();
    this.#targets.forgetCold();
    this.#streams?.cancelAll();
    await Promise.race([this.#controls.abortAll(), sleep(MAX_ABORTING)]);
    // Other reactions, such as the `finally` of a generator, have at least this turn of the event loop.
    await nextTurn();
  }

  /** The pipe has room again. The turn writes the messages posted since, and then starts tasks. */
  onDrain(): void {
    this.#scheduleTurn();
  }

  /**
   * Tells the parent what it must know before the function of a task is called: that a task with a time limit begins, and
   * that the cancelled ones before it are answered.
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
    this.#limit.onWritten();
    return true;
  }

  /** @returns whether any was started. */
  #startTasks(): boolean {
    let started = false;
    while (this.#limit.mayStart && !this.#channel.congested) {
      const { address } = this.#queue;
      if (address === undefined) break;
      const { id } = this.#queue;
      if (this.#controls.isCancelled(id)) this.#skip(id);
      else {
        const target = this.#targets.get(address);
        if (target === undefined) break;
        if (target.fn === undefined) {
          this.#targets.load(target);
          break;
        }
        if (!this.#concurrency.mayStart(target.load)) break;
        if ((target.isTimed || this.#hasSkipped) && !this.#announce(id, target)) break;
        if (target.asViews) this.#asViews.add(id);
        this.#start(id, target, target.fn, this.#queue.shift());
      }
      this.#limit.onStarted();
      started = true;
    }
    return started;
  }

  /** Answers a task that was cancelled before it began: only its slot is left to release. */
  #skip(id: number): void {
    this.#queue.shift();
    this.#limit.onStart();
    this.#hasSkipped = true;
    this.#answer(id, undefined);
    this.#end(id);
  }

  #start(id: number, { load }: Target, fn: TaskFunction | Error, args: readonly unknown[]): void {
    this.#limit.onStart();
    this.#concurrency.onStart(load);
    try {
      if (fn instanceof Error) throw fn;
      this.#stopwatch?.begin(id);
      const { storage } = this.#state;
      const body = this.#streams?.isStream(id) ? this.#toStream(this.#streams, id, fn) : fn;
      const run = this.#controls.bind(id, body, this.#runInContext);
      const result = storage === undefined ? run(...args) : storage.run(this.#controls.describe(id), run, ...args);
      if (!isThenable(result)) return this.#succeed(id, load, result);
      const slot = this.#slots.take(id, load);
      whenSettled(result, slot.succeed, slot.fail);
    } catch (error) {
      this.#fail(id, load, error);
    }
  }

  #toStream(streams: StreamRunner, id: number, fn: TaskFunction): TaskFunction {
    return (...args) => streams.run(id, fn(...args), this.#hasViews(id));
  }

  #succeed(id: number, load: FunctionLoad, value: unknown): void {
    this.#concurrency.onEnd(load);
    this.#answer(id, value);
    this.#end(id);
  }

  #answer(id: number, value: unknown): void {
    this.#stopwatch?.end(id);
    try {
      this.#channel.postResult(id, value, this.#hasViews(id));
    } catch (error) {
      this.#channel.postError([FAILURE, id, error]);
    }
  }

  #hasViews(id: number): boolean {
    return this.#asViews.size > 0 && this.#asViews.has(id);
  }

  #fail(id: number, load: FunctionLoad, error: unknown): void {
    this.#concurrency.onEnd(load);
    this.#stopwatch?.end(id);
    this.#onError(error);
    this.#channel.postError([FAILURE, id, error]);
    this.#end(id);
  }

  #end(id: number): void {
    this.#forget(id);
    this.#limit.onEnd();
    if (this.#turning) return;
    if (this.#concurrency.comesRoundWithin(MAX_WAIT)) this.#deferTurn();
    else this.#scheduleTurn();
  }

  #forget(id: number): void {
    this.#controls.forget(id);
    this.#streams?.forget(id);
    if (this.#asViews.size > 0) this.#asViews.delete(id);
  }

  #scheduleTurn(): void {
    if (this.#turning) return;
    this.#turning = true;
    this.#limit.beginBatch();
    nextTick(this.#turn);
  }

  /** After the timers and sockets that are ready now: each may end a task. */
  #deferTurn(): void {
    if (this.#isTurnDue) return;
    this.#isTurnDue = true;
    setImmediate(this.#endRound);
  }

  readonly #endRound = (): void => {
    if (this.#isTurnDue) this.#scheduleTurn();
  };

  readonly #turn = (): void => {
    this.#isTurnDue = false;
    this.#targets.loadCold();
    if (this.#startTasks()) return this.#turnAgain();
    this.#concurrency.measure();
    this.#usage?.report();
    this.#write();
    // Tasks that block the event loop give way to input, to timers and to the results before them.
    if (this.#limit.isBatchOver) setImmediate(this.#resume);
    else if (this.#startTasks()) this.#turnAgain();
    else this.#turning = false;
  };

  /** A tick that a microtask schedules comes after all microtasks, also those of the tasks that were just started. */
  #turnAgain(): void {
    queueMicrotask(this.#scheduleTick);
  }

  readonly #scheduleTick = (): void => nextTick(this.#turn);

  readonly #resume = (): void => {
    this.#limit.beginBatch();
    this.#turn();
  };
}
