import { Connection, KILL_DELAY } from '../connection.js';
import { ProtocolError, TimeoutError } from '../errors.js';
import { waitAtExit } from '../exit-wait.js';
import {
  BEGUN,
  BOOT_FAILURE,
  ENDING,
  FAILURE,
  FATAL,
  FINALIZED,
  ITEM,
  LOADED,
  LOADING,
  MAX_UNWRITTEN,
  type Message,
  PROGRESS,
  READY,
  RESULT,
  SIGNALLED,
  SPAWNED,
  type StartOptions,
  TIMES,
  type ToParent,
  USAGE,
} from '../ipc/messages.js';
import type { ExitReason, RecycleReason } from '../observe/events.js';
import { type Exit, spawnChild, toSignal } from '../spawn.js';
import { createLateError } from '../start-options.js';
import { performance } from '../util/clock.js';
import { Deadline } from '../util/deadline.js';
import { Lifetime } from './lifetime.js';
import type { ReadPoolOptions } from './options.js';
import { PinnedTasks } from './pinned-tasks.js';
import type { PoolWorkerOwner } from './pool-worker-owner.js';
import type { SentFunction } from './sent-functions.js';
import { SentTasks } from './sent-tasks.js';
import { Spawned } from './spawned.js';
import { StreamTask } from './stream-task.js';
import type { Task } from './task.js';
import { TaskSender } from './task-sender.js';
import { Usage } from './usage.js';
import type { Watch } from './watch.js';

/** A process that does not notice within this time that its pool was terminated is in a busy loop, in milliseconds. */
const MAX_UNNOTICED = 1000;

/** For what reasons the programs that it has started end with a process. Otherwise they may be there on purpose. */
const KILLS_TREE: ReadonlySet<ExitReason> = new Set(['failed', 'cancelled', 'terminated']);

/** The parent's view of one child of a pool: what it was sent, and how much more it can take. */
export class PoolWorker {
  readonly queueId: number;
  /** Which of the pool's processes it is, and how many were in this place before. */
  readonly place: number;
  readonly restarts: number;
  /** How many tasks it runs at a time. */
  readonly concurrency: number;
  /** Whose tasks still run while this worker takes over from it. */
  predecessor: PoolWorker | undefined;
  state: 'booting' | 'ready' | 'draining' | 'ended' = 'booting';
  /** Tasks sent, succeeded and failed. */
  sent = 0;
  done = 0;
  failed = 0;
  /** The exception handler is no export: it is called on this side. */
  handlesErrors = true;
  readonly usage = new Usage();
  /** Why it should be replaced, and why it ends; it fails unless somebody ends it. */
  wornBy: RecycleReason | undefined;
  exitReason: ExitReason = 'failed';
  /** It was ended because its start took longer than it may. */
  isLate = false;

  readonly #owner: PoolWorkerOwner;
  readonly #watch: Watch;
  readonly #startedAt = performance.now();
  readonly #connection: Connection;
  readonly #tasks: SentTasks;
  readonly #sender: TaskSender;
  readonly #lifetime: Lifetime;
  readonly #gracePeriod: number;
  readonly #startLimit: Deadline | undefined;
  readonly #pinned = new PinnedTasks();
  /** The last signal for which the program has a listener in the process. */
  #signalled: NodeJS.Signals | null = null;
  #cause: unknown;
  /** How long the finalizer may take, in milliseconds, if there is one, and how far it is. */
  readonly #finalizerTimeout: number | undefined;
  #finalizing: 'none' | 'running' | 'ended' = 'none';
  #isReady = false;
  /** What it has started; `undefined` without `killTree`. */
  readonly #spawned: Spawned | undefined;

  constructor(
    owner: PoolWorkerOwner,
    watch: Watch,
    { queueId, place, restarts }: Pick<PoolWorker, 'queueId' | 'place' | 'restarts'>,
    options: ReadPoolOptions,
    start: StartOptions,
  ) {
    this.#owner = owner;
    this.#watch = watch;
    this.queueId = queueId;
    this.place = place;
    this.restarts = restarts;
    this.concurrency = start.concurrency;
    this.#spawned = start.reportSpawned ? new Spawned() : undefined;
    this.#gracePeriod = options.cancelGracePeriod;
    this.#finalizerTimeout = options.finalizer && options.finalizerTimeout;
    this.#tasks = new SentTasks(
      {
        onTimeout: (task) => this.#owner.onTimeout(task, this),
        onOverdue: (fn) => this.#onOverdue(fn),
        onSilent: () => this.#endSilent(options.startTimeout),
        onStubborn: (task) => this.#endStubborn(task),
      },
      options,
    );
    this.#lifetime = new Lifetime(options, {
      onWorn: (reason) => {
        this.wornBy ??= reason;
        this.#owner.onWorn(this);
      },
      onIdle: () => this.#owner.onIdle(this),
    });
    const child = spawnChild(options.spawn, 'pool');
    this.#connection = new Connection(child, start, {
      onMessages: (messages) => this.#receive(messages),
      onRead: () => this.#goOn(),
      onDrain: () => this.#owner.onRoom(this),
    });
    const { startTimeout } = options;
    if (startTimeout > 0) this.#startLimit = new Deadline(startTimeout, () => this.#endLate(startTimeout));
    this.#sender = new TaskSender(this.#connection.channel, this.#tasks, watch, this.#connection.guard);
    const { channel, ended } = this.#connection;
    const isAwaited = child.pid !== undefined && (child.writesAtExit || options.finalizer !== undefined);
    const forget = isAwaited ? waitAtExit(child.pid, () => channel.destroy()) : undefined;
    void ended.then((exit) => {
      forget?.();
      this.#end(exit);
    });
  }

  get pid(): number | undefined {
    return this.#connection.pid;
  }

  /** Tasks that were sent and are not answered. */
  get inFlight(): number {
    return this.#tasks.size;
  }

  /** It should be sent nothing more: it has been sent all the tasks that it may run, or is stuck in an import. */
  get exhausted(): boolean {
    return this.sent >= this.#lifetime.maxTasks || this.#tasks.isOverdue;
  }

  /** Its pipe is full: what is sent now waits in this process. */
  get congested(): boolean {
    return this.#connection.channel.congested;
  }

  /** How many more tasks it can take, if none should have more than `share`. */
  getRoom(share: number): number {
    if (this.state !== 'ready' || this.congested || this.#tasks.isEndangered || this.#tasks.isOverdue) return 0;
    const { ahead } = this.#tasks;
    // What it has beside the tasks it runs is filled up when half of it is gone: a write costs as much as many tasks.
    if (this.inFlight > this.#slots + ahead / 2) return 0;
    return Math.min(Math.min(this.#slots + ahead, share) - this.inFlight, this.#lifetime.maxTasks - this.sent);
  }

  /** After a task was sent to it: whether those it still has room for should really follow. */
  get isOpen(): boolean {
    return !this.congested && (this.hasFreeSlot || this.#tasks.ahead > 0);
  }

  /** Whether it would run one more task at once. */
  get hasFreeSlot(): boolean {
    return this.inFlight < this.#slots;
  }

  /** Those of them that its predecessor has left. */
  get #slots(): number {
    return this.concurrency - (this.predecessor?.inFlight ?? 0);
  }

  /**
   * Sends a task with the next {@link flush}.
   *
   * @param attempt - how often it is run with this time.
   * @throws {@link SerializationError} if its arguments cannot travel; nothing is sent then.
   */
  send(task: Task, attempt: number): void {
    this.#sender.send(task, attempt);
    this.#lifetime.onSent(++this.sent);
    this.#watch.tasks?.onSent(task, this);
  }

  /** Asks for the times of tasks, and what the process uses, or for that no longer. */
  measure(): void {
    if (this.state !== 'booting' && this.state !== 'ended') this.#sender.measure(this.#watch.tasks !== undefined);
  }

  /** Sends a task that no other worker may take, as soon as this one is ready and need not fear its end. */
  pin(task: Task): void {
    this.#pinned.add(task);
    this.#sendPinned();
  }

  /** Takes those of these tasks that were not sent. */
  unpin(): Task[] {
    return this.#pinned.remove(() => true);
  }

  #sendPinned(): void {
    if (this.state === 'booting' || this.#tasks.isEndangered || this.#pinned.size === 0) return;
    while (!this.exhausted) {
      const task = this.#pinned.shift();
      if (task === undefined) break;
      try {
        this.send(task, 1);
      } catch (error) {
        this.#owner.onFailure(task, error, this);
      }
    }
    this.flush();
    if (this.exhausted) this.#owner.onExhausted(this);
  }

  flush(): void {
    this.#sender.flush();
  }

  /** Takes no more tasks, and exits when those it has are answered. */
  drain(reason: ExitReason): void {
    if (this.state === 'ended') return;
    this.state = 'draining';
    if (this.exitReason === 'failed') this.exitReason = reason;
    this.#shutDownIfDone();
  }

  #shutDownIfDone(): void {
    if (this.state !== 'draining' || this.#tasks.size > 0 || this.#pinned.size > 0) return;
    this.#connection.end(KILL_DELAY, KILL_DELAY + (this.#finalizerTimeout ?? 0));
  }

  /**
   * Gives up those of its tasks that `isWanted` names. What runs keeps its slot until it ends, and is ended with its
   * process if it does not.
   *
   * @returns the tasks whose callers have no answer yet.
   */
  abandon(isWanted: (task: Task) => boolean): Task[] {
    return [...this.#abandonSent(isWanted), ...this.#pinned.remove(isWanted)];
  }

  #abandonSent(isWanted: (task: Task) => boolean): Task[] {
    const sent = this.#tasks.abandon(isWanted);
    this.#sender.cancel(sent);
    return sent;
  }

  /**
   * Another process takes over, where the import may succeed. This one ends when what it runs is answered; in a busy loop
   * it does not hear that, and is ended like one with a task that does not end.
   */
  #onOverdue(fn: SentFunction): void {
    this.wornBy ??= 'startTimeout';
    for (const task of this.#abandonSent(({ job }) => job.address === fn.address)) this.#owner.onOverdue(task, this);
    this.#owner.onExhausted(this);
  }

  #endSilent(startTimeout: number): void {
    this.#cause ??= new TimeoutError(
      `process ${this.pid} has nothing else to do and has not called the function of a task for ${startTimeout} ms ` +
        '(startTimeout): something that an earlier task left behind blocks its event loop, or it was stopped',
    );
    this.#connection.kill('SIGKILL');
  }

  #endStubborn(task: Task): void {
    this.#cause ??= new Error(
      `${task.job.fn.name || 'a task'} was cancelled and has not ended within ${this.#gracePeriod} ms`,
    );
    this.exitReason = 'cancelled';
    this.#spawned?.findBelow(this.pid);
    this.#connection.kill('SIGKILL');
  }

  #endLate(startTimeout: number): void {
    this.isLate = true;
    this.#cause ??= createLateError(this.pid, startTimeout);
    this.#connection.kill('SIGKILL');
  }

  /** Ends it although tasks may run. What starts or is in a busy loop is killed: at once, or after a moment. */
  terminate(): void {
    if (this.state === 'ended') return;
    this.exitReason = 'terminated';
    this.#spawned?.findBelow(this.pid);
    if (this.state === 'booting') return this.#connection.kill('SIGKILL');
    this.state = 'draining';
    this.#tasks.end();
    this.#connection.end(MAX_UNNOTICED);
  }

  #receive(messages: readonly ToParent[]): void {
    const now = performance.now();
    for (const message of messages) {
      switch (message[0]) {
        case RESULT:
          this.done += message[2].length;
          message[2].forEach((value, at) => {
            const task = this.#tasks.take(message[1] + at, now);
            if (!task.isSettled) this.#owner.onResult(task, value);
          });
          break;
        case FAILURE:
          this.failed++;
          this.#fail(this.#tasks.take(message[1], now), message[2]);
          break;
        case BEGUN:
          this.#tasks.onBegun(message[1]);
          break;
        case LOADING:
          this.#tasks.onLoading(message[1]);
          break;
        case LOADED:
          this.#tasks.onLoaded(message[1]);
          break;
        case PROGRESS:
          this.#tasks.peek(message[1])?.report(message[2]);
          break;
        case ITEM:
          this.#onItem(this.#tasks.peek(message[1]), message[2]);
          break;
        case TIMES:
          this.#onTimes(message[1], message[2], message[3]);
          break;
        case USAGE:
          this.usage.update(message[1], message[2], message[3]);
          this.#lifetime.onMemory(message[1]);
          break;
        case READY:
          this.#onReady(message[1], message[2]);
          break;
        case BOOT_FAILURE:
        case FATAL:
          this.#cause = message[1];
          break;
        case SIGNALLED:
          this.#signalled = toSignal(message[1]);
          break;
        case SPAWNED:
          this.#spawned?.add(this.pid, message[1]);
          break;
        case ENDING:
          if (this.#finalizerTimeout !== undefined && this.#isReady) this.#finalizing = 'running';
          break;
        case FINALIZED:
          this.#onFinalized(message[1]);
          break;
        default:
          throw new ProtocolError(
            `a child sent a message of kind ${(message as Message)[0]}, which only a parent does`,
          );
      }
    }
  }

  /** @throws {@link ProtocolError} if no finalizer runs. */
  #onFinalized(error: unknown): void {
    if (this.#finalizing !== 'running') throw new ProtocolError('child reported a finalizer that was not running');
    this.#finalizing = 'ended';
    if (error !== undefined) this.#tellFinalizerError(error);
  }

  #tellFinalizerError(error: unknown): void {
    const { pid, place } = this;
    this.#watch.tellProcess('finalizerError', { pid, place, error });
  }

  #fail(task: Task, error: unknown): void {
    if (!task.isSettled) this.#owner.onFailure(task, error, this);
  }

  #onItem(task: Task | undefined, item: unknown): void {
    if (task instanceof StreamTask) task.onItem(item);
  }

  #onTimes(id: number, start: number, runTime: number): void {
    if (!Number.isFinite(start) || !Number.isFinite(runTime) || runTime < 0) {
      throw new ProtocolError('a child gives a task times that are no numbers');
    }
    const task = this.#tasks.peek(id);
    if (task !== undefined) this.#watch.tasks?.onMeasured(task, start, runTime);
  }

  /** More work for the child, before the callers of what it has answered run. */
  #goOn(): void {
    if (!this.#tasks.observe()) return;
    this.#sendPinned();
    this.#shutDownIfDone();
    this.#owner.onRoom(this);
    if (this.inFlight === 0) this.#lifetime.onNothingToDo();
  }

  #onReady(initTime: number, handlerFound: boolean): void {
    if (!(initTime >= 0)) throw new ProtocolError('a child does not say how long it took to initialise');
    // It is being ended.
    if (this.isLate) return;
    this.#startLimit?.clear();
    this.#isReady = true;
    this.handlesErrors = handlerFound;
    if (this.state === 'booting') this.state = 'ready';
    const { pid, place } = this;
    const startUpTime = performance.now() - this.#startedAt - initTime;
    // Before it is sent the first task.
    this.#watch.tellProcess('processReady', { pid, place, startUpTime, initTime });
    if (this.#watch.tasks !== undefined) this.measure();
    this.#lifetime.onReady();
    this.#sendPinned();
    this.#owner.onReady(this);
  }

  /** All the child has written was read: what is not answered now never will be. */
  #end(exit: Exit): void {
    this.state = 'ended';
    this.#startLimit?.clear();
    this.#tasks.end();
    this.#lifetime.end();
    if (this.#finalizing === 'running')
      this.#tellFinalizerError(new TimeoutError('the finalizer has not ended in time'));
    if (KILLS_TREE.has(this.exitReason)) this.#spawned?.kill();
    const { begun, untouched } = this.#tasks.split(Math.max(MAX_UNWRITTEN, this.concurrency));
    const pinned = [...untouched.filter((task) => this.#pinned.has(task)), ...this.unpin()];
    this.#owner.onEnd(this, {
      exit: this.exitReason === 'failed' ? { ...exit, signal: exit.signal ?? this.#signalled } : exit,
      cause: exit.error ?? this.#cause,
      begun,
      untouched: untouched.filter((task) => !this.#pinned.has(task)),
      pinned: pinned.filter((task) => !task.isSettled),
    });
  }
}
