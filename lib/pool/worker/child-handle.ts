import { availableParallelism } from 'node:os';
import { ProtocolError } from '../../errors.js';
import type { Channel } from '../../ipc/channel.js';
import type { ExitReason, RecycleReason } from '../../observe/events.js';
import { Connection } from '../../process/connection.js';
import { waitAtExit } from '../../process/exit-wait.js';
import { type Exit, spawnChild } from '../../process/spawn.js';
import { FULL } from '../../protocol/load.js';
import {
  BEGUN,
  BOOT_FAILURE,
  CANCEL,
  ENDING,
  FAILURE,
  FATAL,
  FINALIZED,
  ITEM,
  LIMIT,
  LOADED,
  LOADING,
  MAPPED,
  MAX_UNWRITTEN,
  MEASURE,
  type Message,
  PROGRESS,
  READY,
  RECALL,
  RESULT,
  RETURNED,
  SIGNALLED,
  SPAWNED,
  TIMES,
  type ToChild,
  type ToParent,
  USAGE,
  WARM,
  WARMED,
} from '../../protocol/messages.js';
import type { StartOptions } from '../../protocol/start-options.js';
import { performance } from '../../util/clock.js';
import { Deadline } from '../../util/deadline.js';
import type { ReadPoolOptions } from '../options/pool-options.js';
import type { QueueId } from '../queue/scheduler.js';
import { StreamTask } from '../stream/stream-task.js';
import { createExitError } from '../task/exit-error.js';
import type { Job } from '../task/job.js';
import type { Task } from '../task/task.js';
import type { Tracing } from '../tracing/tracing.js';
import { ChildEnding } from './child-ending.js';
import { InFlight, type RunningTask, type SentFunction, type SentTask } from './in-flight.js';
import { Lifetime } from './lifetime.js';
import { Recalls } from './recalls.js';
import { TaskWriter } from './task-writer.js';
import { readUsage, type Usage } from './usage.js';
import { WarmUps } from './warm-ups.js';

/** Which child of the pool it is. */
export interface ChildPosition {
  readonly queueId: QueueId;
  /** The index of its seat, and how many children had the seat before. */
  readonly place: number;
  readonly restarts: number;
}

/** How a child ended, and the tasks that it leaves. */
export interface ChildEnd {
  exit: Exit;
  /** Why, if the child or its bytes told. */
  cause: unknown;
  /** Tasks that may have begun, and tasks that certainly have not, in the order in which they were sent. */
  begun: Task[];
  untouched: Task[];
}

/** What the children of a pool report. There is one sink for all of them. */
export interface ChildEvents {
  /** The functions that a child imports before it is ready. */
  listWarm(child: ChildHandle): readonly Job[];
  /** The import of this function ended a child that was starting, or took longer than it may. */
  onUnwarmable(job: Job, error: unknown): void;
  onReady(child: ChildHandle): void;
  onResult(task: Task, value: unknown): void;
  onFailure(task: Task, error: unknown, child: ChildHandle): void;
  /** A task has run for as long as it may. */
  onTimeout(task: Task, child: ChildHandle): void;
  /** The import of a task's module has taken as long as it may. */
  onImportTimeout(task: Task, child: ChildHandle): void;
  /** It has not begun these tasks, which were recalled. */
  onReturned(tasks: Task[], child: ChildHandle): void;
  /** Answers were handled, or the pipe has room again: the child may take more. */
  onRoom(child: ChildHandle): void;
  /** The child should be replaced while it still runs. */
  onWorn(child: ChildHandle): void;
  /** The child was sent the last task that it may run. */
  onExhausted(child: ChildHandle): void;
  /** The child has had nothing to do for `idleTimeout`. */
  onIdle(child: ChildHandle): void;
  onEnd(child: ChildHandle, end: ChildEnd): void;
}

/**
 * The parent's view of one child of a pool.
 *
 * - Sends it tasks, and what it should know about them.
 * - Reads its messages, and reports what they mean to the pool's {@link ChildEvents}.
 * - Tells how much more it can take, and when it should be replaced.
 * - Splits the tasks that it leaves into those that may have begun and those that have not.
 */
export class ChildHandle {
  readonly queueId: QueueId;
  readonly place: number;
  readonly restarts: number;
  /** How many tasks it runs at a time. */
  readonly concurrency: number;
  /** Whose tasks still run while this child takes over. */
  predecessor: ChildHandle | undefined;
  state: 'booting' | 'ready' | 'draining' | 'ended' = 'booting';
  /** Tasks sent, succeeded and failed. */
  sent = 0;
  done = 0;
  failed = 0;
  /** Whether the exception handler is an export, so that the child calls it. */
  handlesErrors = true;
  /** Its last report, if it was asked for one. */
  usage: Usage | undefined;
  /** Why it should be replaced. */
  wornBy: RecycleReason | undefined;

  readonly #events: ChildEvents;
  readonly #tracing: Tracing;
  readonly #options: ReadPoolOptions;
  readonly startedAt = performance.now();
  readonly #connection: Connection;
  readonly #channel: Channel<ToParent, ToChild>;
  readonly #inFlight: InFlight;
  readonly #writer: TaskWriter;
  readonly #lifetime: Lifetime;
  readonly #warmUps: WarmUps;
  readonly #recalls: Recalls;
  readonly #ending: ChildEnding;
  readonly #startLimit: Deadline | undefined;
  /** When the tasks that are flushed next were sent; 0 if there are none. */
  #batchStart = 0;
  /** It can take more, although it has not answered tasks. */
  #hasRoom = false;
  #wasReady = false;

  constructor(
    events: ChildEvents,
    tracing: Tracing,
    { queueId, place, restarts }: ChildPosition,
    options: ReadPoolOptions,
    start: StartOptions,
  ) {
    this.#events = events;
    this.#tracing = tracing;
    this.#options = options;
    this.queueId = queueId;
    this.place = place;
    this.restarts = restarts;
    this.concurrency = start.concurrency;
    this.#inFlight = new InFlight(
      {
        onTimeout: (sent) => this.#onTimeout(sent),
        onGraceEnd: ({ task }) => this.#ending.killUncooperative(task),
        onImportTimeout: (fn) => this.#onImportTimeout(fn),
        onSilence: () => this.#ending.killSilent(),
      },
      options,
      start.concurrency,
      Math.max(1, options.processes / availableParallelism()),
    );
    this.#lifetime = new Lifetime(options, {
      onWorn: (reason) => {
        this.wornBy ??= reason;
        events.onWorn(this);
      },
      onIdle: () => events.onIdle(this),
    });
    const child = spawnChild(options.spawn, 'pool');
    this.#connection = new Connection(child, start, {
      onMessages: (messages) => this.#receive(messages),
      onRead: () => this.#onRead(),
      onDrain: () => events.onRoom(this),
    });
    this.#channel = this.#connection.channel;
    this.#writer = new TaskWriter(this.#connection, this.#inFlight, tracing, options.id);
    this.#ending = new ChildEnding(this.#connection, options, start.reportSpawned === true, (error) => {
      tracing.emitProcess('finalizerError', { pid: this.pid, place, error });
    });
    this.#recalls = new Recalls((tasks) => {
      this.#channel.post([RECALL, tasks]);
      this.flush();
    });
    this.#warmUps = new WarmUps({
      introduce: (job) => this.#writer.introduce(job).id,
      ask: (id) => {
        this.#channel.post([WARM, id]);
        this.#channel.flush();
      },
      onUnwarmable: (job, error) => events.onUnwarmable(job, error),
    });
    if (options.startTimeout > 0) {
      this.#startLimit = new Deadline(options.startTimeout, () => this.#ending.killLate());
    }
    const isAwaited = child.pid !== undefined && (child.writesAtExit || options.finalizer !== undefined);
    const forget = isAwaited ? waitAtExit(child.pid, () => this.#channel.destroy()) : undefined;
    void this.#connection.ended.then((exit) => {
      forget?.();
      this.#onEnd(exit);
    });
  }

  get sharedBytes(): number | undefined {
    return this.#connection.sharedBytes;
  }

  get pid(): number | undefined {
    return this.#connection.pid;
  }

  /** Why it ends; `failed` unless the pool ends it. */
  get exitReason(): ExitReason {
    return this.#ending.reason;
  }

  /** It was killed because its start took longer than it may. */
  get isLate(): boolean {
    return this.#ending.isLate;
  }

  /** It is initialised, and imports functions before it is ready. */
  get isWarming(): boolean {
    return this.#warmUps.isStarting;
  }

  /** How long ago it was started, in milliseconds. */
  get age(): number {
    return performance.now() - this.startedAt;
  }

  /** How many tasks it was sent and has not answered. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** It should be sent nothing further: it was sent all the tasks that it may run, or is stuck in an import. */
  get isExhausted(): boolean {
    return this.sent >= this.#lifetime.maxTasks || this.#inFlight.isOverdue;
  }

  /** How much of it its tasks take, and those that its predecessor has not answered: {@link FULL} is all of it. */
  get load(): number {
    return this.#inFlight.load + this.#inherited;
  }

  get #inherited(): number {
    return this.predecessor?.load ?? 0;
  }

  /** The tasks that were sent to it first of those that it has, at most this many. */
  listOldest(count: number): RunningTask[] {
    return this.#inFlight.listOldest(count);
  }

  /** Whether it can take tasks at all. */
  get isAvailable(): boolean {
    const { isEndangered, isOverdue } = this.#inFlight;
    return this.state === 'ready' && !this.#channel.congested && !isEndangered && !isOverdue;
  }

  /**
   * How many more tasks of a job it can take while it {@link isAvailable}.
   *
   * @param share - its fair share of all tasks.
   * @param isLast - there are few tasks left.
   */
  getRoom(job: Job, share: number, isLast: boolean): number {
    const { size, ahead } = this.#inFlight;
    const free = this.#inFlight.countFree(job, this.#inherited);
    // What it has beside the tasks it runs is filled up when half of it is gone: a write costs as much as many tasks.
    if (-free > ahead / 2) return 0;
    // The last long tasks go to a process that is free, even if it has to wait for them.
    if (isLast && this.#inFlight.hasLong(job)) return 0;
    return Math.min(free + ahead, share - size, this.#lifetime.maxTasks - this.sent);
  }

  /** What a task of a job takes of it. */
  getShare(job: Job): number {
    return this.#inFlight.getShare(job);
  }

  /** After a task was sent: whether to send on while {@link getRoom} has counted room. */
  get isOpen(): boolean {
    return !this.#channel.congested && (this.#inFlight.ahead > 0 || this.load < FULL);
  }

  /** Asks for half of the tasks that it may not have begun: another child is free for them. */
  recallHalf(): void {
    if (this.isAvailable && this.inFlight > 1 && !this.#recalls.isPending)
      this.#recalls.recall(Math.ceil((this.inFlight - 1) / 2));
  }

  /** Asks for all tasks that it has not begun. */
  recallAll(): void {
    if (this.inFlight > 0) this.#recalls.recall(this.inFlight);
  }

  /** Whether it may be sent a task that has to run in this child and not in another. */
  get takesPinned(): boolean {
    return this.state !== 'booting' && !this.#inFlight.isEndangered && !this.isExhausted;
  }

  /**
   * Sends a task with the next {@link flush}.
   *
   * @throws {@link SerializationError} if its arguments cannot be sent, {@link TaskNotFoundError} if its function cannot
   * be found; nothing is sent then.
   */
  send(task: Task): void {
    if (this.#batchStart === 0) {
      this.#batchStart = performance.now();
      this.#connection.guard();
    }
    const fn = this.#writer.write(task);
    this.#inFlight.add(task, fn, this.#batchStart);
    this.#recalls.onSent();
    this.#lifetime.onSent(++this.sent);
    this.#tracing.tasks?.onSent(task, this);
  }

  /** The functions of the tasks that it has. */
  get jobs(): Job[] {
    return this.#inFlight.jobs;
  }

  /** Has the child import a function, as {@link WarmUps.warm} does. */
  warm(job: Job): Promise<void> {
    return this.#warmUps.warm(job);
  }

  flush(): void {
    this.#batchStart = 0;
    this.#channel.flush();
  }

  /** Has the child report the times of the traced tasks and its usage while the pool is traced. */
  measure(): void {
    if (this.state === 'booting' || this.state === 'ended') return;
    this.#channel.post([MEASURE, this.#tracing.mask]);
    this.flush();
  }

  /**
   * Cancels the tasks for which `isWanted` holds, and returns them. They keep their slots until they end; a child in
   * which one does not end is killed.
   */
  cancel(isWanted: (task: Task) => boolean): Task[] {
    const cancelled = this.#inFlight.cancel(isWanted);
    this.#sendCancel(cancelled);
    return cancelled.map(({ task }) => task);
  }

  #sendCancel(cancelled: readonly SentTask[]): void {
    for (const { id, task } of cancelled) {
      if (task instanceof StreamTask) task.dropItems();
      this.#channel.post([CANCEL, id]);
    }
    this.flush();
  }

  #onTimeout(sent: SentTask): void {
    this.#sendCancel(this.#inFlight.cancelAll([sent]));
    this.#events.onTimeout(sent.task, this);
  }

  /**
   * Another child takes over, in which the import may succeed. This one exits when what it runs is answered. In a busy
   * loop it does not notice, and is killed as one with a task that does not end.
   */
  #onImportTimeout(fn: SentFunction): void {
    this.wornBy ??= 'startTimeout';
    this.#warmUps.onTimeout(fn, this.#options.startTimeout, this.pid);
    for (const task of this.cancel(({ job }) => job.address === fn.address)) this.#events.onImportTimeout(task, this);
    this.#events.onExhausted(this);
  }

  /** Takes no further tasks, and exits when those it has are answered. */
  drain(reason: ExitReason): void {
    if (this.state === 'ended') return;
    this.state = 'draining';
    this.#ending.plan(reason);
    this.#endIfDrained();
  }

  #endIfDrained(): void {
    if (this.state === 'draining' && this.inFlight === 0) this.#ending.end();
  }

  /** Ends it although tasks may run. A child that starts, or is in a busy loop, is killed: at once, or after a moment. */
  terminate(): void {
    if (this.state === 'ended') return;
    const isStarting = this.state === 'booting' && !this.#wasReady;
    if (!isStarting) {
      this.state = 'draining';
      this.#inFlight.end();
    }
    this.#ending.terminate(isStarting);
  }

  #receive(messages: readonly ToParent[]): void {
    const now = performance.now();
    for (const message of messages) {
      switch (message[0]) {
        case RESULT:
          this.#onResults(message[1], message[2], now);
          break;
        case FAILURE:
          this.#onFailure(this.#inFlight.take(message[1], now), message[2]);
          break;
        case BEGUN:
          this.#inFlight.onBegun(message[1]);
          break;
        case LOADING:
          this.#inFlight.onLoading(message[1]);
          break;
        case MAPPED:
          this.#connection.onMapped(message[1] === 1);
          break;
        case LOADED:
          this.#inFlight.onLoaded(message[1]);
          break;
        case LIMIT:
          this.#inFlight.setLimit(message[1], message[2], message[3] === 1);
          this.#hasRoom = true;
          break;
        case RETURNED:
          this.#onReturned(message[1]);
          break;
        case PROGRESS:
          this.#inFlight.peek(message[1])?.report(message[2]);
          break;
        case ITEM:
          this.#onItem(this.#inFlight.peek(message[1]), message[2]);
          break;
        case TIMES:
          this.#onTimes(message[1], message[2], message[3]);
          break;
        case USAGE:
          this.usage = readUsage(message[1], message[2], message[3]);
          this.#lifetime.onMemory(message[1]);
          break;
        case READY:
          this.#onReady(message[1], message[2]);
          break;
        case BOOT_FAILURE:
        case FATAL:
          this.#ending.onError(message[1]);
          break;
        case SIGNALLED:
          this.#ending.onSignal(message[1]);
          break;
        case SPAWNED:
          this.#ending.onSpawned(message[1]);
          break;
        case ENDING:
          this.#ending.onNoticed(this.#wasReady);
          break;
        case FINALIZED:
          this.#ending.onFinalized(message[1]);
          break;
        case WARMED:
          this.#warmUps.settle(message[1], message[2]);
          break;
        default:
          throw new ProtocolError(
            `child sent a message of kind ${(message as Message)[0]}: expected one of those that children send`,
          );
      }
    }
  }

  #onResults(firstId: number, values: readonly unknown[], now: number): void {
    this.done += values.length;
    for (let at = 0; at < values.length; at++) {
      const task = this.#inFlight.take(firstId + at, now);
      if (task !== undefined) this.#events.onResult(task, values[at]);
    }
  }

  /** @throws {@link ProtocolError} if it was not asked for tasks, or returns one that it does not have. */
  #onReturned(ids: readonly number[]): void {
    if (!this.#recalls.isPending || !Array.isArray(ids))
      throw new ProtocolError('child returned tasks that were not recalled');
    this.#recalls.onReturned(ids.length);
    const tasks = ids.map((id) => this.#inFlight.takeBack(id));
    this.sent -= tasks.length;
    const returned = tasks.filter((task) => task !== undefined);
    if (returned.length > 0) this.#events.onReturned(returned, this);
    this.#hasRoom = true;
  }

  #onFailure(task: Task | undefined, error: unknown): void {
    this.failed++;
    if (task !== undefined) this.#events.onFailure(task, error, this);
  }

  #onItem(task: Task | undefined, item: unknown): void {
    if (task instanceof StreamTask) task.onItem(item);
  }

  #onTimes(id: number, start: number, runTime: number): void {
    if (!Number.isFinite(start) || !Number.isFinite(runTime) || runTime < 0) {
      throw new ProtocolError('child sent invalid times of a task: expected finite numbers, the second not negative');
    }
    const task = this.#inFlight.peek(id);
    if (task !== undefined) this.#tracing.tasks?.onMeasured(task, start, runTime);
  }

  #onReady(initTime: number, handlerFound: boolean): void {
    if (!(initTime >= 0)) {
      throw new ProtocolError(`child sent an invalid start time: ${initTime}, expected milliseconds`);
    }
    // It is being killed.
    if (this.isLate) return;
    this.#startLimit?.clear();
    this.#wasReady = true;
    this.handlesErrors = handlerFound;
    if (this.#options.memory !== undefined) this.#connection.shareMemory(this.#options.memory);
    const jobs = this.#events.listWarm(this);
    if (jobs.length === 0 && this.state === 'booting') this.state = 'ready';
    const { pid, place } = this;
    const startUpTime = performance.now() - this.startedAt - initTime;
    // Before it is sent the first task.
    this.#tracing.emitProcess('processReady', { pid, place, startUpTime, initTime });
    if (jobs.length === 0) this.#open();
    else void this.#warmUp(jobs);
  }

  /** Takes no tasks before it has imported these functions. */
  async #warmUp(jobs: readonly Job[]): Promise<void> {
    await this.#warmUps.start(jobs, () => this.#hasEnded);
    if (this.#hasEnded) return;
    if (this.state === 'booting') this.state = 'ready';
    this.#open();
  }

  get #hasEnded(): boolean {
    return this.state === 'ended';
  }

  #open(): void {
    if (this.#tracing.tasks !== undefined) this.measure();
    this.#lifetime.onReady();
    this.#events.onReady(this);
  }

  /** Sends more work to the child before the callers of what it has answered run. */
  #onRead(): void {
    const hasAnswered = this.#inFlight.observe();
    if (!hasAnswered && !this.#hasRoom) return;
    this.#hasRoom = false;
    this.#endIfDrained();
    this.#events.onRoom(this);
    if (this.inFlight === 0) this.#lifetime.onNothingToDo();
  }

  /** The pipe was read to its end: tasks that are not answered by now never will be. */
  #onEnd(exit: Exit): void {
    this.state = 'ended';
    this.#startLimit?.clear();
    this.#inFlight.end();
    this.#lifetime.end();
    const { exit: end, cause } = this.#ending.onEnd(exit);
    this.#warmUps.rejectAll(createExitError(this.#options.name, this.pid, exit, cause));
    this.#events.onEnd(this, {
      exit: end,
      cause,
      ...this.#inFlight.split(Math.max(MAX_UNWRITTEN, this.concurrency)),
    });
  }
}
