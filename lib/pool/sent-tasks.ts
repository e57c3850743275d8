import { ProtocolError } from '../errors.js';
import { performance } from '../util/clock.js';
import { Deadline } from '../util/deadline.js';
import { Deadlines } from './deadlines.js';
import type { Job } from './job.js';
import { Prefetch } from './prefetch.js';
import { ResponseQueue } from './response-queue.js';
import { type SentFunction, SentFunctions } from './sent-functions.js';
import type { Task } from './task.js';

/** What {@link SentTasks} tells the worker they were sent to. */
export interface SentTasksOwner {
  /** A task has run for as long as it may. */
  onTimeout(task: Task): void;
  /** The import of the module of a function takes longer than it may. */
  onOverdue(fn: SentFunction): void;
  /** Nothing runs in the child, and it has not begun what it was sent for as long as a start may take. */
  onSilent(): void;
  /** A task that was given up has not ended in time. */
  onStubborn(task: Task): void;
}

/** What {@link SentTasks} allows the child, in milliseconds. */
export interface SentTasksLimits {
  /** For the first import of the module of a function, and for a child to begin anything; 0: as long as it takes. */
  startTimeout: number;
  /** For a task to end after it was given up. */
  cancelGracePeriod: number;
}

/** The tasks that a child has: what each may take, and what their answers say of those that could follow. */
export class SentTasks {
  readonly #responses = new ResponseQueue();
  readonly #prefetch = new Prefetch();
  readonly #functions: SentFunctions;
  /** Tasks with a time limit of which the child has said that they began. */
  readonly #begun = new Set<Task>();
  /** How many others with a time limit there are. */
  #waiting = 0;
  /** Runs while all tasks wait: a limit that never begins must not keep their callers waiting. */
  #silence: Deadline | undefined;
  #hasEnded = false;
  readonly #startTimeout: number;
  readonly #onSilent: () => void;
  readonly #limits: Deadlines;
  readonly #graces: Deadlines;
  readonly #gracePeriod: number;
  /** Answers since the last look at the clock. */
  #answers = 0;

  constructor(owner: SentTasksOwner, { startTimeout, cancelGracePeriod }: SentTasksLimits) {
    this.#gracePeriod = cancelGracePeriod;
    this.#startTimeout = startTimeout;
    this.#onSilent = () => owner.onSilent();
    this.#functions = new SentFunctions(startTimeout, (fn) => owner.onOverdue(fn));
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

  /** The import of a module has taken longer than it may: the child should be sent nothing more. */
  get isOverdue(): boolean {
    return this.#functions.isOverdue;
  }

  /** What is known of the function of a job. If the child has not heard of it, it is new, and has a new number. */
  introduce(job: Job, onNew: (fn: SentFunction) => void): SentFunction {
    const known = this.#functions.get(job);
    if (known !== undefined) return known;
    const fn = this.#functions.add(job);
    onNew(fn);
    return fn;
  }

  add(task: Task, fn: SentFunction, now: number): void {
    if (this.#responses.size === 0) this.#prefetch.start(now);
    this.#responses.add(task, now);
    this.#prefetch.onSent(fn);
    if (fn.isTimed) this.#waiting++;
    if (this.#waiting > 0) this.#reviewSilence();
  }

  /**
   * The child calls the function of a task that has a time limit.
   *
   * @throws {@link ProtocolError} if it has no such task, or has said so before.
   */
  onBegun(id: number): void {
    const task = Number.isInteger(id) ? this.#responses.peek(id) : undefined;
    if (task === undefined || task.job.timeout === 0 || this.#begun.has(task)) {
      throw new ProtocolError(
        `child sent an invalid begin of task ${id}: expected a task with a time limit that it has and has not begun`,
      );
    }
    this.#begun.add(task);
    this.#waiting--;
    if (this.#hasEnded) return;
    this.#reviewSilence();
    // It was given up while the message was on its way.
    if (task.isSettled) this.#graces.set(task, this.#gracePeriod);
    else this.#limits.set(task, task.job.timeout);
  }

  /** @throws {@link ProtocolError} if it is no function whose import could begin. */
  onLoading(id: number): void {
    this.#functions.onLoading(id);
    this.#reviewSilence();
  }

  /** @throws {@link ProtocolError} if it is no function that is being imported. */
  onLoaded(id: number): void {
    this.#functions.onLoaded(id);
    this.#reviewSilence();
  }

  #reviewSilence(): void {
    const isIdle = this.#waiting > 0 && this.#waiting === this.size && !this.#functions.isLoading;
    if (isIdle && this.#startTimeout > 0 && !this.#hasEnded)
      this.#silence ??= new Deadline(this.#startTimeout, this.#onSilent);
    else if (this.#silence !== undefined) this.#endSilence();
  }

  #endSilence(): void {
    this.#silence?.clear();
    this.#silence = undefined;
  }

  /** @throws {@link ProtocolError} if no such task was sent, or it was answered before. */
  take(id: number, now: number): Task {
    const task = this.#responses.take(id);
    this.#prefetch.onAnswered(this.#functionOf(task), now - this.#responses.sentAt);
    if (task.job.timeout > 0 && !this.#begun.delete(task)) this.#waiting--;
    if (this.#waiting > 0 || this.#silence !== undefined) this.#reviewSilence();
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
  abandon(isWanted: (task: Task) => boolean): Task[] {
    const tasks = this.list().filter((task) => !task.isSettled && isWanted(task));
    for (const task of tasks) {
      this.#limits.clear(task);
      // One that certainly waits behind others never begins, and is no reason to end them.
      if (!this.#isWaiting(task)) this.#graces.set(task, this.#gracePeriod);
    }
    return tasks;
  }

  /** Whether the module of a task is being imported. */
  #isImporting(task: Task): boolean {
    const { state } = this.#functionOf(task);
    return state === 'loading' || state === 'overdue';
  }

  /** Whether a task has certainly not begun, and its module is not what it waits for. */
  #isWaiting(task: Task): boolean {
    const { state, isTimed } = this.#functionOf(task);
    return state === 'sent' || (state === 'loaded' && isTimed && !this.#begun.has(task));
  }

  #functionOf(task: Task): SentFunction {
    return this.#functions.get(task.job) as SentFunction;
  }

  /**
   * Splits the tasks of a child that has ended into those that may have begun, or whose import may have ended it, and
   * those that certainly have not begun. Settled tasks are left out.
   *
   * @param maxBegun - how many of those that are not answered the child may have begun.
   */
  split(maxBegun: number): { begun: Task[]; untouched: Task[] } {
    const begun: Task[] = [];
    const untouched: Task[] = [];
    let hasCulprit = false;
    // Tasks begin in the order in which they were sent: behind one that has not begun, none has.
    let isReached = true;
    this.list().forEach((task, at) => {
      const isImporting = this.#isImporting(task);
      if (isImporting || this.#isWaiting(task) || at >= maxBegun) isReached = false;
      const mayHaveBegun = isImporting || isReached;
      hasCulprit ||= mayHaveBegun;
      if (!task.isSettled) (mayHaveBegun ? begun : untouched).push(task);
    });
    // What it was sent may have ended it while it was read: sent again and again, it would end one process after another.
    return hasCulprit ? { begun, untouched } : { begun: untouched.splice(0, maxBegun), untouched };
  }

  /** All of them, in the order in which they were sent. */
  list(): Task[] {
    return this.#responses.list();
  }

  /** The child ends: nothing is timed any longer. */
  end(): void {
    this.#hasEnded = true;
    this.#limits.clearAll();
    this.#graces.clearAll();
    this.#functions.end();
    this.#endSilence();
  }
}
