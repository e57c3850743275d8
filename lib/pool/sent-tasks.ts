import type { Address } from '../tasks/address.js';
import { performance } from '../util/clock.js';
import { Deadlines } from './deadlines.js';
import { type Pace, Prefetch } from './prefetch.js';
import { ResponseQueue } from './response-queue.js';
import type { Task } from './task.js';

/** What {@link SentTasks} tells the worker they were sent to. */
export interface SentTasksOwner {
  /** A task has run for as long as it may. */
  onTimeout(task: Task): void;
  /** A task that was given up has not ended in time. */
  onStubborn(task: Task): void;
}

/** The tasks that a child has: what each may take, and what their answers say of those that could follow. */
export class SentTasks {
  readonly #responses = new ResponseQueue();
  readonly #prefetch = new Prefetch();
  readonly #paces = new Map<Address, Pace>();
  readonly #limits: Deadlines;
  readonly #graces: Deadlines;
  /** Answers since the last look at the clock. */
  #answers = 0;

  constructor(owner: SentTasksOwner) {
    this.#limits = new Deadlines((task) => owner.onTimeout(task));
    this.#graces = new Deadlines((task) => owner.onStubborn(task));
  }

  /** How many are not answered. */
  get size(): number {
    return this.#responses.size;
  }

  /** How many tasks may be sent before the child has room for them. */
  get ahead(): number {
    return this.#prefetch.size;
  }

  /** While a task that was given up has not ended, the child may have to be ended, and what it is sent with it. */
  get isEndangered(): boolean {
    return this.#graces.size > 0;
  }

  /** What is known of the function at this address; its number, if the child has not heard of it, is new. */
  introduce(address: Address, onNew: (id: number) => void): Pace {
    const known = this.#paces.get(address);
    if (known !== undefined) return known;
    const pace = { id: this.#paces.size, inFlight: 0, isShort: false };
    onNew(pace.id);
    this.#paces.set(address, pace);
    return pace;
  }

  add(task: Task, pace: Pace, now: number): void {
    if (this.#responses.size === 0) this.#prefetch.start(now);
    if (task.job.timeout > 0) this.#limits.set(task, task.job.timeout);
    this.#responses.add(task, now);
    this.#prefetch.onSent(pace);
  }

  /** @throws {@link ProtocolError} if no such task was sent, or it was answered before. */
  take(id: number, now: number): Task {
    const task = this.#responses.take(id);
    this.#prefetch.onAnswered(this.#paces.get(task.job.address) as Pace, now - this.#responses.sentAt);
    this.#limits.clear(task);
    this.#graces.clear(task);
    this.#answers++;
    return task;
  }

  /** A task whose caller still waits. */
  peek(id: number): Task | undefined {
    const task = this.#responses.peek(id);
    return task?.isSettled === false ? task : undefined;
  }

  /** Everything that was read is handled. @returns whether answers were among it. */
  observe(): boolean {
    if (this.#answers === 0) return false;
    this.#prefetch.observe(this.#answers, performance.now());
    this.#answers = 0;
    return true;
  }

  /** Gives up those that `isWanted` names, and returns them. They keep their slots until they end. */
  abandon(isWanted: (task: Task) => boolean, gracePeriod: number): Task[] {
    const tasks = this.list().filter((task) => !task.isSettled && isWanted(task));
    for (const task of tasks) {
      this.#limits.clear(task);
      this.#graces.set(task, gracePeriod);
    }
    return tasks;
  }

  /** All of them, in the order in which they were sent. */
  list(): Task[] {
    return this.#responses.list();
  }

  end(): void {
    this.#limits.clearAll();
    this.#graces.clearAll();
  }
}
