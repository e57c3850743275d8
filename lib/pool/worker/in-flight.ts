import { ProtocolError } from '../../errors.js';
import type { Address } from '../../functions/address/address.js';
import { FULL, shareOf } from '../../protocol/load.js';
import { AS_VIEWS, TIMED } from '../../protocol/messages.js';
import { performance } from '../../util/clock.js';
import type { Job } from '../task/job.js';
import type { Task } from '../task/task.js';
import { type TimeLimitEvents, type TimeLimitOptions, TimeLimits } from '../task/time-limits.js';
import { type FunctionPace, Prefetch } from './prefetch.js';

/** Ids stand in pages of this many, so that a task that runs for hours keeps one page and not more. A power of two. */
const PAGE_SIZE = 256;
/** As many spare pages as the tasks of a busy child take. */
const MAX_SPARE = 8;

interface Page {
  readonly tasks: (Task | undefined)[];
  readonly functions: (SentFunction | undefined)[];
  /** The position of each task among all that were sent, and when it was sent. */
  readonly orders: Float64Array;
  readonly times: Float64Array;
  size: number;
}

/** A function that a child was sent. */
export interface SentFunction extends FunctionPace {
  readonly address: Address;
  /** Its tasks have a time limit, so the child reports when each begins. */
  readonly isTimed: boolean;
  /** How far the import of its module is; `overdue`: it takes longer than it may. */
  state: 'sent' | 'loading' | 'overdue' | 'loaded';
  /** How many of its tasks the child works on if it has no others, and what one takes of the child then. */
  limit: number;
  share: number;
  /** The child said that it matters which process gets the last tasks. */
  isLong: boolean;
}

/** A task and the id under which it was sent: a retry gives the task another one. */
export interface SentTask {
  readonly id: number;
  readonly task: Task;
}

/** A task that a child has, and when it was sent. */
export interface RunningTask extends SentTask {
  readonly sentAt: number;
}

/** What {@link InFlight} reports. */
export interface InFlightEvents {
  onTimeout(sent: SentTask): void;
  /** A cancelled task has not ended within its grace period. */
  onGraceEnd(sent: SentTask): void;
  onImportTimeout(fn: SentFunction): void;
  onSilence(): void;
}

/** The tasks that a child was sent and has not answered, with the functions that it knows. */
export class InFlight {
  size = 0;
  /** How much of the child they take: {@link FULL} is all of it. */
  load = 0;
  /** The import of a module takes longer than it may: the child should be sent nothing further. */
  isOverdue = false;
  readonly #pages = new Map<number, Page>();
  /** The page that was used last: ids mostly follow one another. */
  #firstId = -1;
  #page: Page | undefined;
  readonly #sparePages: Page[] = [];
  /** How many tasks were sent in all. */
  #sent = 0;
  /** Ids of the tasks that were cancelled: only their slots are left to release. */
  readonly #cancelled = new Set<number>();
  readonly #functions: SentFunction[] = [];
  /** By the ways in which they are called. */
  readonly #numbers = Array.from({ length: 4 }, () => new Map<Address, SentFunction>());
  readonly #limits: TimeLimits;
  readonly #prefetch: Prefetch;
  /** Answers since the last {@link observe}. */
  #answers = 0;

  readonly #concurrency: number;
  /** A function that the child does not know yet. */
  readonly #unknown: { readonly limit: number; readonly share: number; readonly inFlight: 0 };

  /**
   * @param concurrency - the most tasks that the child works on at a time.
   * @param crowding - the number of processes for each core, at least 1.
   */
  constructor(events: InFlightEvents, options: TimeLimitOptions, concurrency: number, crowding: number) {
    this.#concurrency = concurrency;
    this.#prefetch = new Prefetch(crowding);
    this.#unknown = { limit: concurrency, share: shareOf(concurrency), inFlight: 0 };
    const find = (id: number): SentTask => ({ id, task: this.#get(id) as Task });
    const limitEvents: TimeLimitEvents = {
      onTimeout: (id) => events.onTimeout(find(id)),
      onGraceEnd: (id) => events.onGraceEnd(find(id)),
      onImportTimeout: (id) => {
        const fn = this.#functions[id] as SentFunction;
        fn.state = 'overdue';
        this.isOverdue = true;
        events.onImportTimeout(fn);
      },
      onSilence: () => events.onSilence(),
    };
    this.#limits = new TimeLimits(limitEvents, options);
  }

  /** How many tasks may be sent before the child has room for them. */
  get ahead(): number {
    return this.#prefetch.size;
  }

  /** A cancelled task has not ended: the child may have to be killed, and what it is sent with it. */
  get isEndangered(): boolean {
    return this.#limits.isEnding;
  }

  /** The functions of the tasks, each once. */
  get jobs(): Job[] {
    const jobs = this.#list().map(({ task: { job } }) => [job.address, job] as const);
    return [...new Map(jobs).values()];
  }

  getFunction(job: Job): SentFunction | undefined {
    return this.#numbersFor(job).get(job.address);
  }

  /** Gives a function the next number. One that is called in several ways has several. */
  addFunction(job: Job): SentFunction {
    const { address } = job;
    const isTimed = job.timeout > 0;
    const id = this.#functions.length;
    const { limit, share } = this.#unknown;
    const fn: SentFunction = {
      id,
      address,
      isTimed,
      state: 'sent',
      inFlight: 0,
      isShort: false,
      limit,
      share,
      isLong: false,
    };
    this.#functions.push(fn);
    this.#numbersFor(job).set(address, fn);
    return fn;
  }

  #numbersFor(job: Job): Map<Address, SentFunction> {
    return this.#numbers[waysOf(job)] as Map<Address, SentFunction>;
  }

  /**
   * How many more tasks of a job the child works on; a negative number: that many were sent ahead.
   *
   * @param others - what the tasks of its predecessor take.
   */
  countFree(job: Job, others: number): number {
    const fn = this.getFunction(job);
    const { share, limit, inFlight } = fn ?? this.#unknown;
    return Math.min(Math.ceil((FULL - this.load - others) / share), limit - inFlight);
  }

  /** What a task of a job takes of the child. */
  getShare(job: Job): number {
    return (this.getFunction(job) ?? this.#unknown).share;
  }

  /** Whether it has a task of this job, and its tasks are long. */
  hasLong(job: Job): boolean {
    const fn = this.getFunction(job);
    return fn?.isLong === true && fn.inFlight > 0;
  }

  /** The child works on that many tasks of a function. */
  setLimit(id: number, limit: number, isLong: boolean): void {
    const fn = Number.isInteger(id) ? this.#functions[id] : undefined;
    if (fn === undefined || !Number.isInteger(limit) || limit < 1 || limit > this.#concurrency) {
      throw new ProtocolError(`child sent an invalid limit: ${limit} tasks of function ${id}`);
    }
    const share = shareOf(limit);
    this.load += fn.inFlight * (share - fn.share);
    fn.limit = limit;
    fn.share = share;
    fn.isLong = isLong;
  }

  add(task: Task, fn: SentFunction, now: number): void {
    if (this.size === 0) this.#prefetch.start(now);
    const at = task.id & (PAGE_SIZE - 1);
    const page = this.#find(task.id - at) ?? this.#create(task.id - at);
    page.tasks[at] = task;
    page.functions[at] = fn;
    page.orders[at] = this.#sent++;
    page.times[at] = now;
    page.size++;
    this.size++;
    this.load += fn.share;
    this.#prefetch.onSent(fn);
    if (fn.isTimed || !this.#limits.areIdle) this.#limits.onSent(fn.isTimed, this.size);
  }

  /**
   * The child has answered a task.
   *
   * @returns the task; `undefined` if it was cancelled.
   * @throws {@link ProtocolError} if no such task was sent, or it was answered before.
   */
  take(id: number, now: number): Task | undefined {
    return this.#take(id, now);
  }

  /** The child returns a task that it has not begun. Like {@link take} otherwise. */
  takeBack(id: number): Task | undefined {
    return this.#take(id, undefined);
  }

  /** @param now - when it was answered; `undefined` if it was not. */
  #take(id: number, now: number | undefined): Task | undefined {
    const at = id & (PAGE_SIZE - 1);
    const page = this.#find(id - at);
    const task = page?.tasks[at];
    if (page === undefined || task === undefined) {
      throw new ProtocolError(
        `child answered task ${String(id)}: expected a task that it was sent and has not answered`,
      );
    }
    const fn = page.functions[at] as SentFunction;
    page.tasks[at] = undefined;
    this.size--;
    this.load -= fn.share;
    if (now === undefined) this.#prefetch.onReturned(fn);
    else {
      this.#answers++;
      this.#prefetch.onAnswered(fn, now - (page.times[at] as number));
    }
    if (--page.size === 0) this.#remove(id - at, page);
    if (!this.#limits.areIdle || fn.isTimed) this.#limits.onAnswered(id, fn.isTimed, this.size);
    return this.#cancelled.size > 0 && this.#cancelled.delete(id) ? undefined : task;
  }

  /** The task with this id; `undefined` if there is none, or it was cancelled. */
  peek(id: number): Task | undefined {
    return this.#cancelled.has(id) ? undefined : this.#get(id);
  }

  /** Handles what the answers that were read tell of the child's pace. @returns whether there were any. */
  observe(): boolean {
    if (this.#answers === 0) return false;
    this.#prefetch.observe(this.#answers, performance.now(), this.size === 0);
    this.#answers = 0;
    return true;
  }

  /** The child reports that it calls the function of a task that has a time limit. */
  onBegun(id: number): void {
    const limit = Number.isInteger(id) ? (this.#get(id)?.job.timeout ?? 0) : 0;
    this.#limits.onBegun(id, limit, this.#cancelled.has(id), this.size);
  }

  /** @throws {@link ProtocolError} if the import of this function cannot begin. */
  onLoading(id: number): void {
    const fn = this.#expectFunction(id, 'sent');
    fn.state = 'loading';
    this.#limits.onLoading(id, this.size);
    // They were cancelled while the message was on its way, so the child may have begun them before it knew.
    for (const task of this.#cancelled) if (this.#functionOf(task) === fn) this.#limits.onCancelled(task);
  }

  /** @throws {@link ProtocolError} if this function is not being imported. */
  onLoaded(id: number): void {
    this.#expectFunction(id, 'loading', 'overdue').state = 'loaded';
    this.#limits.onLoaded(id, this.size);
  }

  #expectFunction(id: number, ...states: SentFunction['state'][]): SentFunction {
    const fn = Number.isInteger(id) ? this.#functions[id] : undefined;
    if (fn !== undefined && states.includes(fn.state)) return fn;
    throw new ProtocolError(
      `child sent an invalid import report: function ${id} is ${fn?.state ?? 'unknown'}, expected ${states.join(' or ')}`,
    );
  }

  /** Cancels the tasks for which `isWanted` holds, and returns them. They keep their slots until the child answers. */
  cancel(isWanted: (task: Task) => boolean): SentTask[] {
    return this.cancelAll(this.#list().filter(({ id, task }) => !this.#cancelled.has(id) && isWanted(task)));
  }

  cancelAll(tasks: SentTask[]): SentTask[] {
    for (const { id } of tasks) {
      this.#cancelled.add(id);
      // A task that certainly waits behind others never begins, and is not a reason to kill the child.
      if (!this.#isWaiting(id)) this.#limits.onCancelled(id);
      else this.#limits.clearLimit(id);
    }
    return tasks;
  }

  /** Whether a task has certainly not begun, and its module is not what it waits for. */
  #isWaiting(id: number): boolean {
    const { state, isTimed } = this.#functionOf(id);
    return state === 'sent' || (state === 'loaded' && isTimed && !this.#limits.hasBegun(id));
  }

  #isImporting(id: number): boolean {
    const { state } = this.#functionOf(id);
    return state === 'loading' || state === 'overdue';
  }

  #functionOf(id: number): SentFunction {
    const at = id & (PAGE_SIZE - 1);
    return this.#find(id - at)?.functions[at] as SentFunction;
  }

  /**
   * Splits the tasks of a child that has ended into those that may have begun, or whose import may have ended it, and
   * those that certainly have not begun. Cancelled tasks are left out.
   *
   * @param maxBegun - how many of the tasks in flight the child may have begun.
   */
  split(maxBegun: number): { begun: Task[]; untouched: Task[] } {
    const begun: Task[] = [];
    const untouched: Task[] = [];
    let hasCulprit = false;
    // Tasks begin in the order in which they were sent: behind one that has not begun, none has.
    let isReached = true;
    this.#list().forEach(({ id, task }, at) => {
      const isImporting = this.#isImporting(id);
      if (isImporting || this.#isWaiting(id) || at >= maxBegun) isReached = false;
      const mayHaveBegun = isImporting || isReached;
      hasCulprit ||= mayHaveBegun;
      if (!this.#cancelled.has(id)) (mayHaveBegun ? begun : untouched).push(task);
    });
    // Reading a task may have ended the child: sent again and again, it would end one child after another.
    return hasCulprit ? { begun, untouched } : { begun: untouched.splice(0, maxBegun), untouched };
  }

  /** The child ends: nothing is timed from now on. */
  end(): void {
    this.#limits.end();
  }

  /** All tasks, in the order in which they were sent. */
  #list(): SentTask[] {
    const sent: { id: number; task: Task; order: number }[] = [];
    for (const [firstId, { tasks, orders }] of this.#pages) {
      tasks.forEach((task, at) => {
        if (task !== undefined) sent.push({ id: firstId + at, task, order: orders[at] as number });
      });
    }
    return sent.sort((one, other) => one.order - other.order);
  }

  /** The tasks that were sent first, at most this many, without those that were cancelled. */
  listOldest(count: number): RunningTask[] {
    const sent: (RunningTask & { order: number })[] = [];
    for (const [firstId, { tasks, orders, times }] of this.#pages) {
      tasks.forEach((task, at) => {
        const id = firstId + at;
        if (task === undefined || this.#cancelled.has(id)) return;
        sent.push({ id, task, sentAt: times[at] as number, order: orders[at] as number });
      });
    }
    return sent.sort((one, other) => one.order - other.order).slice(0, count);
  }

  #get(id: number): Task | undefined {
    const at = id & (PAGE_SIZE - 1);
    return this.#find(id - at)?.tasks[at];
  }

  #find(firstId: number): Page | undefined {
    if (firstId === this.#firstId) return this.#page;
    const page = this.#pages.get(firstId);
    if (page !== undefined) {
      this.#firstId = firstId;
      this.#page = page;
    }
    return page;
  }

  #create(firstId: number): Page {
    const page = this.#sparePages.pop() ?? createPage();
    this.#pages.set(firstId, page);
    this.#firstId = firstId;
    this.#page = page;
    return page;
  }

  #remove(firstId: number, page: Page): void {
    this.#pages.delete(firstId);
    if (this.#sparePages.length < MAX_SPARE) this.#sparePages.push(page);
    this.#firstId = -1;
  }
}

/** How the child calls the function, as the bits of the protocol. */
export function waysOf({ timeout, asViews }: Job): number {
  return (timeout > 0 ? TIMED : 0) | (asViews ? AS_VIEWS : 0);
}

function createPage(): Page {
  return {
    tasks: new Array<Task | undefined>(PAGE_SIZE).fill(undefined),
    functions: new Array<SentFunction | undefined>(PAGE_SIZE).fill(undefined),
    orders: new Float64Array(PAGE_SIZE),
    times: new Float64Array(PAGE_SIZE),
    size: 0,
  };
}
