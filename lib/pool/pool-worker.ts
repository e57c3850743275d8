import { Connection } from '../connection.js';
import {
  ADDRESS,
  ATTEMPT,
  BOOT_FAILURE,
  CANCEL,
  CREDIT,
  FAILURE,
  FATAL,
  ITEM,
  MAX_UNWRITTEN,
  type Message,
  PROGRESS,
  READY,
  RESULT,
  SHUTDOWN,
  STREAM,
  type StartOptions,
  TASK,
  type ToParent,
} from '../ipc/messages.js';
import type { Exit } from '../spawn.js';
import type { Address } from '../tasks/address.js';
import { Deadlines } from './deadlines.js';
import type { Ending } from './ending.js';
import type { ReadPoolOptions } from './options.js';
import { type Pace, Prefetch } from './prefetch.js';
import { ResponseQueue } from './response-queue.js';
import { StreamTask } from './stream-task.js';
import type { Task } from './task.js';

/** What becomes of the tasks of a {@link PoolWorker}, and of itself. */
export interface PoolWorkerOwner {
  onReady(worker: PoolWorker): void;
  onResult(task: Task, value: unknown): void;
  onFailure(task: Task, error: unknown, worker: PoolWorker): void;
  /** A task has run for as long as it may. */
  onTimeout(task: Task, worker: PoolWorker): void;
  /** Answers were handled, or the pipe has room again: it may take more. */
  onRoom(worker: PoolWorker): void;
  onEnd(worker: PoolWorker, ending: Ending): void;
}

/** The parent's view of one child of a pool: what it was sent, and how much more it can take. */
export class PoolWorker {
  readonly queueId: number;
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

  readonly #owner: PoolWorkerOwner;
  readonly #connection: Connection;
  readonly #responses = new ResponseQueue();
  /** The functions that the child knows. */
  readonly #paces = new Map<Address, Pace>();
  readonly #prefetch = new Prefetch();
  readonly #maxTasks: number;
  readonly #gracePeriod: number;
  #pinned: Task[] = [];
  /** When tasks have run for as long as they may, and when those that nobody waits for must have given their slot back. */
  readonly #limits = new Deadlines((task) => this.#owner.onTimeout(task, this));
  readonly #graces = new Deadlines((task) => this.#endStubborn(task));
  /** When what is flushed next was sent; 0 if there is nothing. */
  #now = 0;
  /** Answers since the last look at what there is to do. */
  #answers = 0;
  #cause: unknown;

  constructor(owner: PoolWorkerOwner, queueId: number, options: ReadPoolOptions, start: StartOptions) {
    this.#owner = owner;
    this.queueId = queueId;
    this.concurrency = start.concurrency;
    this.#maxTasks = options.maxTasksPerChild === 0 ? Number.POSITIVE_INFINITY : options.maxTasksPerChild;
    this.#gracePeriod = options.cancelGracePeriod;
    this.#connection = new Connection(options.spawn, start, {
      onMessages: (messages) => this.#receive(messages),
      onRead: () => this.#goOn(),
      onDrain: () => this.#owner.onRoom(this),
      onUnsendable: (message, error) => this.#onUnsendable(message, error),
    });
    void this.#connection.ended.then((exit) => this.#end(exit));
  }

  get pid(): number | undefined {
    return this.#connection.pid;
  }

  /** Tasks that were sent and are not answered. */
  get inFlight(): number {
    return this.#responses.size;
  }

  /** It has been sent all the tasks that it may run. */
  get exhausted(): boolean {
    return this.sent >= this.#maxTasks;
  }

  /** Its pipe is full: what is sent now waits in this process. */
  get congested(): boolean {
    return this.#connection.channel.congested;
  }

  /** How many more tasks it can take, if none should have more than `share`. */
  getRoom(share: number): number {
    // While a task that was given up has not ended, this process may have to be ended, and what it is sent with it.
    if (this.state !== 'ready' || this.congested || this.#graces.size > 0) return 0;
    const { size } = this.#prefetch;
    // What it has beside the tasks it runs is filled up when half of it is gone: a write costs as much as many tasks.
    if (this.inFlight > this.#slots + size / 2) return 0;
    return Math.min(Math.min(this.#slots + size, share) - this.inFlight, this.#maxTasks - this.sent);
  }

  /** After a task was sent to it: whether those it still has room for should really follow. */
  get isOpen(): boolean {
    return !this.congested && (this.hasFreeSlot || this.#prefetch.size > 0);
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
    if (this.#now === 0) this.#now = performance.now();
    if (this.#responses.size === 0) this.#prefetch.start(this.#now);
    const pace = this.#introduce(task.job.address);
    if (attempt > 1) this.#connection.channel.post([ATTEMPT, task.id, attempt]);
    if (task instanceof StreamTask) this.#openStream(task);
    this.#connection.channel.postTask(task.id, pace.id, task.args);
    if (task.job.timeout > 0) this.#limits.set(task, task.job.timeout);
    this.#responses.add(task, this.#now);
    this.#prefetch.onSent(pace);
    this.sent++;
  }

  #openStream(task: StreamTask): void {
    this.#connection.channel.post([STREAM, task.id, task.window]);
    task.onSent((items) => {
      this.#connection.channel.post([CREDIT, task.id, items]);
      this.flush();
    });
  }

  #onItem(task: Task | undefined, item: unknown): void {
    if (task instanceof StreamTask && !task.isSettled) task.onItem(item);
  }

  /** Each function crosses the pipe once; then its number stands for it. */
  #introduce(address: Address): Pace {
    const known = this.#paces.get(address);
    if (known !== undefined) return known;
    const pace = { id: this.#paces.size, inFlight: 0, isShort: false };
    this.#connection.channel.post([ADDRESS, pace.id, address]);
    this.#paces.set(address, pace);
    return pace;
  }

  /** Sends a task that no other worker may take, as soon as this one is ready. */
  pin(task: Task): void {
    this.#pinned.push(task);
    if (this.state === 'ready') this.#sendPinned();
  }

  #sendPinned(): void {
    for (const task of this.#pinned.splice(0)) {
      try {
        this.send(task, 1);
      } catch (error) {
        this.#owner.onFailure(task, error, this);
      }
    }
    this.flush();
  }

  flush(): void {
    this.#now = 0;
    this.#connection.channel.flush();
  }

  /** Takes no more tasks, and exits when those it has are answered. */
  drain(): void {
    if (this.state === 'ended') return;
    this.state = 'draining';
    this.#shutDownIfDone();
  }

  #shutDownIfDone(): void {
    if (this.state !== 'draining' || this.#responses.size > 0 || this.#pinned.length > 0) return;
    this.#connection.channel.post([SHUTDOWN]);
    this.flush();
  }

  /**
   * Gives up those of its tasks that `isWanted` names. What runs keeps its slot until it ends, and is ended with its
   * process if it does not.
   *
   * @returns the tasks whose callers have no answer yet.
   */
  abandon(isWanted: (task: Task) => boolean): Task[] {
    const sent = this.#responses.list().filter((task) => !task.isSettled && isWanted(task));
    for (const task of sent) {
      this.#limits.clear(task);
      this.#graces.set(task, this.#gracePeriod);
      this.#connection.channel.post([CANCEL, task.id]);
    }
    this.flush();
    const pinned = this.#pinned.filter(isWanted);
    this.#pinned = this.#pinned.filter((task) => !pinned.includes(task));
    return [...sent, ...pinned];
  }

  #endStubborn(task: Task): void {
    this.#cause ??= new Error(
      `${task.job.fn.name || 'a task'} was cancelled and has not ended within ${this.#gracePeriod} ms`,
    );
    this.#connection.kill('SIGKILL');
  }

  /** SIGTERM, and SIGKILL after a while. */
  terminate(): void {
    this.#connection.kill('SIGTERM');
  }

  #receive(messages: readonly ToParent[]): void {
    const now = performance.now();
    for (const message of messages) {
      switch (message[0]) {
        case RESULT:
          this.done += message[2].length;
          message[2].forEach((value, at) => {
            const task = this.#take(message[1] + at, now);
            if (!task.isSettled) this.#owner.onResult(task, value);
          });
          break;
        case FAILURE:
          this.failed++;
          this.#fail(this.#take(message[1], now), message[2]);
          break;
        case PROGRESS:
          this.#report(this.#responses.peek(message[1]), message[2]);
          break;
        case ITEM:
          this.#onItem(this.#responses.peek(message[1]), message[2]);
          break;
        case READY:
          this.#onReady(message[1]);
          break;
        case BOOT_FAILURE:
        case FATAL:
          this.#cause = message[1];
          break;
      }
    }
  }

  #take(id: number, now: number): Task {
    const task = this.#responses.take(id);
    this.#prefetch.onAnswered(this.#paces.get(task.job.address) as Pace, now - this.#responses.sentAt);
    this.#limits.clear(task);
    this.#graces.clear(task);
    this.#answers++;
    return task;
  }

  #fail(task: Task, error: unknown): void {
    if (!task.isSettled) this.#owner.onFailure(task, error, this);
  }

  #report(task: Task | undefined, progress: unknown): void {
    if (task?.isSettled === false) task.report(progress);
  }

  /** More work for the child, before the callers of what it has answered run. */
  #goOn(): void {
    if (this.#answers === 0) return;
    this.#prefetch.observe(this.#answers, performance.now());
    this.#answers = 0;
    this.#shutDownIfDone();
    this.#owner.onRoom(this);
  }

  #onReady(handlerFound: boolean): void {
    this.handlesErrors = handlerFound;
    if (this.state === 'booting') this.state = 'ready';
    this.#sendPinned();
    this.#owner.onReady(this);
  }

  #onUnsendable(message: Message, error: unknown): void {
    if (message[0] !== TASK) return;
    this.#fail(this.#take(message[1], this.#now), error);
    this.#shutDownIfDone();
  }

  /** All the child has written was read: what is not answered now never will be. */
  #end(exit: Exit): void {
    this.state = 'ended';
    this.#limits.clearAll();
    this.#graces.clearAll();
    const unanswered = this.#responses.list();
    const begun = unanswered.splice(0, Math.max(MAX_UNWRITTEN, this.concurrency)).filter((task) => !task.isSettled);
    const untouched = [...unanswered, ...this.#pinned].filter((task) => !task.isSettled);
    this.#owner.onEnd(this, { exit, cause: exit.error ?? this.#cause, begun, untouched });
  }
}
