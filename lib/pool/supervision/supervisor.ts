import { InitializerError, PoolClosedError, PoolTerminatedError, ProcessExitError } from '../../errors.js';
import type { StartOptions } from '../../protocol/start-options.js';
import { clearTimeout, nextTick, performance, setTimeout } from '../../util/clock.js';
import type { ReadPoolOptions } from '../options/pool-options.js';
import type { QueueId } from '../queue/scheduler.js';
import type { Job } from '../task/job.js';
import type { Task } from '../task/task.js';
import type { Tracing } from '../tracing/tracing.js';
import { type ChildEnd, type ChildEvents, ChildHandle } from '../worker/child-handle.js';
import { createStartOptions } from '../worker/start-options.js';
import { Seat } from './seat.js';

/** After the successor of a running child could not start, the time until another is tried, in milliseconds. */
const RENEWAL_PAUSE = 5000;

/** What a {@link Supervisor} reports beside the events of the children that it starts. */
export interface SupervisorEvents {
  /** A child was started, and may be sent tasks. */
  onStart(child: ChildHandle): void;
  /** The child that should have run the task cannot be started. */
  onStranded(task: Task, error: InitializerError): void;
  /** No child of a queue can be started. */
  onHopeless(error: InitializerError): void;
}

/**
 * Keeps as many processes running as the pool should have.
 *
 * A child that dies is replaced. One that cannot start is tried again a few times, with pauses; then its seat stays empty
 * until there is new work for it. One that has run its share of tasks is replaced while its last tasks still run.
 */
export class Supervisor {
  /** Resolves when the last child has ended and no other will be started. */
  readonly ended: Promise<void>;
  #onEmpty!: () => void;
  readonly #events: SupervisorEvents;
  readonly #childEvents: ChildEvents;
  readonly #tracing: Tracing;
  readonly #options: ReadPoolOptions;
  readonly #start: StartOptions;
  readonly #seats: Seat[];
  /** The functions that every child imports before it is ready. */
  readonly #warm = new Set<Job>();
  /** Those of them that no child will import, and why. */
  readonly #unwarmable = new Map<Job, unknown>();
  readonly #waiting = new Set<{ resolve(): void; reject(error: unknown): void }>();
  #state: 'running' | 'draining' | 'terminated' = 'running';
  /** No pinned task is sent. */
  #isPaused = false;
  /** Why a seat is empty. */
  #failure: InitializerError | undefined;

  constructor(
    options: ReadPoolOptions,
    queueIds: readonly QueueId[],
    tracing: Tracing,
    events: SupervisorEvents,
    childEvents: ChildEvents,
  ) {
    this.ended = new Promise((resolve) => {
      this.#onEmpty = resolve;
    });
    this.#events = events;
    this.#childEvents = childEvents;
    this.#tracing = tracing;
    this.#options = options;
    this.#start = createStartOptions(options);
    this.#seats = Array.from({ length: options.processes }, (_, index) => {
      const queueId = queueIds[index % queueIds.length] as QueueId;
      return new Seat(index, queueId, index < options.minProcesses, options.startTimeout);
    });
  }

  start(): void {
    for (const seat of this.#seats) if (seat.isWanted) this.#fill(seat);
  }

  get children(): ChildHandle[] {
    return this.#seats.flatMap(({ children }) => children);
  }

  /** Starts processes until there are enough for this many tasks. */
  grow(tasks: number): void {
    if (this.#options.minProcesses === this.#seats.length || this.#state !== 'running') return;
    for (const seat of this.#seats.slice(0, tasks)) {
      if (seat.isWanted) continue;
      seat.isWanted = true;
      this.#fill(seat);
    }
  }

  /** Fills seats that were left empty: there is new work. */
  revive(): void {
    if (this.#failure === undefined) return;
    this.#failure = undefined;
    for (const seat of this.#seats) {
      if (!seat.isWanted || seat.child !== undefined || seat.timer !== undefined) continue;
      seat.restarts.reset();
      this.#fill(seat);
    }
  }

  /** The seats that have a process, or get one. */
  get wanted(): Seat[] {
    return this.#seats.filter(({ isWanted }) => isWanted);
  }

  /** Has the child of this seat run the task, or the next child if there is none at the moment. */
  pin(seat: Seat, task: Task): void {
    seat.pin(task);
    this.#sendPinned(seat);
  }

  /** A child has room: sends it the tasks that only it may run. */
  sendPinned(child: ChildHandle): void {
    const seat = this.#seatOf(child);
    if (seat.child === child) this.#sendPinned(seat);
  }

  #sendPinned(seat: Seat): void {
    if (!seat.hasPinned || this.#isPaused) return;
    seat.sendPinned(this.#childEvents.onFailure);
    if (seat.child?.isExhausted) this.replace(seat.child);
  }

  /** Every child returns what it has not begun. */
  pause(): void {
    this.#isPaused = true;
    for (const child of this.children) child.recallAll();
  }

  /** Sends the pinned tasks that have waited. */
  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    for (const seat of this.#seats) this.#sendPinned(seat);
  }

  /** Cancels the tasks of all children for which `isWanted` holds, also of children that are still to come. */
  cancel(isWanted: (task: Task) => boolean): Task[] {
    return this.#seats.flatMap((seat) => [
      ...seat.cancel(isWanted),
      ...seat.children.flatMap((child) => child.cancel(isWanted)),
    ]);
  }

  /** Cancels the pinned tasks that were not sent. */
  cancelPinned(): Task[] {
    return this.#seats.flatMap((seat) => seat.cancel(() => true));
  }

  async ready(): Promise<void> {
    if (this.#state === 'terminated') throw new PoolTerminatedError();
    if (this.#state === 'draining' && this.children.length === 0) throw new PoolClosedError();
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#isReady) return;
    await new Promise<void>((resolve, reject) => this.#waiting.add({ resolve, reject }));
  }

  /**
   * Starts all processes, and has them and those that start later import these functions before they take tasks.
   *
   * A child that ends meanwhile is waited for again, unless an import has ended it.
   */
  async warm(jobs: readonly Job[]): Promise<void> {
    for (const job of jobs) {
      this.#warm.add(job);
      this.#unwarmable.delete(job);
    }
    this.revive();
    this.grow(this.#seats.length);
    for (let isWarm = false; !isWarm; ) {
      await this.ready();
      if (this.#state !== 'running') throw new PoolClosedError();
      for (const job of jobs) if (this.#unwarmable.has(job)) throw this.#unwarmable.get(job);
      isWarm = await this.#warmChildren(jobs);
    }
  }

  /** @returns whether none has ended before. */
  async #warmChildren(jobs: readonly Job[]): Promise<boolean> {
    const children = this.#seats.flatMap(({ child }) => child ?? []);
    const answers = await Promise.allSettled(children.flatMap((child) => jobs.map((job) => child.warm(job))));
    const errors = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
    const failure = errors.find((error) => !(error instanceof ProcessExitError));
    if (failure !== undefined) throw failure;
    return errors.length === 0;
  }

  /** The functions that this child imports before it is ready: also those that its predecessor is working on. */
  listWarm(child: ChildHandle): Job[] {
    const seat = this.#seatOf(child);
    const jobs = seat.successor === child && seat.child !== undefined ? seat.child.jobs : [];
    return [...new Set([...this.#warm, ...jobs])];
  }

  /** Children that start later must not end for the same reason. */
  onUnwarmable(job: Job, error: unknown): void {
    if (this.#warm.delete(job)) this.#unwarmable.set(job, error);
  }

  get #isReady(): boolean {
    return this.#seats.every(({ isWanted, child }) => !isWanted || (child && child.state !== 'booting'));
  }

  /** A child has initialised. */
  onReady(child: ChildHandle): void {
    const seat = this.#seatOf(child);
    seat.restarts.onReady();
    if (seat.successor === child && seat.child !== undefined) this.replace(seat.child);
    if (this.#isReady) this.#settleWaiting((waiter) => waiter.resolve());
    this.sendPinned(child);
  }

  /** Starts the successor of a worn child, which takes its seat once it is ready: there is always one that runs tasks. */
  renew(child: ChildHandle): void {
    const seat = this.#seatOf(child);
    if (this.#state !== 'running' || seat.child !== child || seat.draining || seat.successor) return;
    if (performance.now() >= seat.renewableAt) seat.successor = this.#create(seat);
  }

  /** Ends an idle child, if there are enough others. */
  retire(child: ChildHandle): void {
    const seat = this.#seatOf(child);
    if (seat.child !== child || seat.index < this.#options.minProcesses || seat.draining || seat.successor) return;
    // They wait for the pool to resume.
    if (seat.hasPinned) return;
    seat.isWanted = false;
    seat.vacate(child);
    child.drain('idle');
  }

  /** Another child takes over from one that should be sent nothing further, or has a successor that is ready. */
  replace(child: ChildHandle): void {
    const seat = this.#seatOf(child);
    // At most one predecessor: the next in line waits until it is gone.
    if (this.#state !== 'running' || seat.child !== child || seat.draining !== undefined) return;
    seat.vacate(child);
    const { pid, wornBy = 'maxTasksPerChild' } = child;
    this.#tracing.emitProcess('processRecycled', { pid, place: seat.index, reason: wornBy });
    child.drain('recycled');
    this.#fill(seat);
  }

  /** Replaces the child with this process id, as soon as its predecessor is gone. @returns whether there is such a child. */
  replaceProcess(pid: number): boolean {
    const child = this.#seats.map((seat) => seat.child).find((each) => each !== undefined && each.pid === pid);
    if (child === undefined || this.#state !== 'running') return false;
    child.wornBy = 'requested';
    this.replace(child);
    return true;
  }

  /** Lets every process finish the tasks it has, and exit. */
  drain(): void {
    if (this.#state !== 'running') return;
    this.#state = 'draining';
    for (const seat of this.#seats) this.#cancelStart(seat);
    for (const child of this.children) child.drain('closed');
    this.#checkEmpty();
  }

  terminate(): void {
    this.#state = 'terminated';
    for (const seat of this.#seats) this.#cancelStart(seat);
    for (const child of this.children) child.terminate();
    this.#settleWaiting((waiter) => waiter.reject(new PoolTerminatedError()));
    this.#checkEmpty();
  }

  /**
   * A child has ended: it leaves its seat, and the pinned ones of these tasks wait there for the next.
   *
   * @returns the other tasks.
   */
  vacate(child: ChildHandle, untouched: readonly Task[]): Task[] {
    const seat = this.#seatOf(child);
    if (seat.successor === child) {
      seat.successor = undefined;
      seat.renewableAt = performance.now() + RENEWAL_PAUSE;
    } else if (seat.draining === child) {
      seat.draining = undefined;
      if (seat.child !== undefined) seat.child.predecessor = undefined;
    } else seat.child = undefined;
    return this.#takePinned(seat, untouched);
  }

  /** Tasks come back that a child has not begun. @returns those that any child may run. */
  takeBack(child: ChildHandle, tasks: readonly Task[]): Task[] {
    return this.#takePinned(this.#seatOf(child), tasks);
  }

  #takePinned(seat: Seat, tasks: readonly Task[]): Task[] {
    seat.pin(...tasks.filter((task) => seat.isPinned(task)));
    return tasks.filter((task) => !seat.isPinned(task));
  }

  /** Fills the seat of a child that has ended, if it is still wanted. */
  refill(child: ChildHandle, end: ChildEnd): void {
    const seat = this.#seatOf(child);
    this.#emitExit(child, end);
    if (this.#state !== 'running') return this.#checkEmpty();
    if (!seat.isWanted) return;
    if (seat.child === undefined) this.#restart(seat, child, end);
    else if (seat.child.isExhausted) this.replace(seat.child);
    else this.#sendPinned(seat);
  }

  #seatOf({ place }: ChildHandle): Seat {
    return this.#seats[place] as Seat;
  }

  #cancelStart(seat: Seat): void {
    seat.restarts.reset();
    clearTimeout(seat.timer);
    seat.timer = undefined;
  }

  #create(seat: Seat): ChildHandle {
    const { queueId, index } = seat;
    const position = { queueId, place: index, restarts: seat.started++ };
    const child = new ChildHandle(this.#childEvents, this.#tracing, position, this.#options, this.#start);
    // The program adds its listeners after it has made the pool.
    nextTick(() => this.#tracing.emitProcess('processStarted', { pid: child.pid, place: index }));
    return child;
  }

  #fill(seat: Seat): void {
    const child = seat.successor ?? this.#create(seat);
    seat.successor = undefined;
    this.#events.onStart(child);
    seat.occupy(child);
    this.#sendPinned(seat);
  }

  #emitExit({ pid, place, exitReason: reason }: ChildHandle, { exit: { exitCode, signal }, cause }: ChildEnd): void {
    const error = cause === undefined ? {} : { error: cause };
    this.#tracing.emitProcess('processExited', { pid, place, reason, exitCode, signal, ...error });
  }

  /** A child that its task has ended was able to work, and is not a sign that the next will fail. */
  #restart(seat: Seat, child: ChildHandle, { exit, cause }: ChildEnd): void {
    if (child.sent > 0 || child.isWarming) {
      seat.restarts.reset();
      return this.#fill(seat);
    }
    seat.error = cause ?? new Error(`process ${child.pid} ${describeExit(exit)} before it was ready`);
    const pause = seat.restarts.next(exit, child.isLate);
    if (typeof pause === 'string') return this.#leaveEmpty(seat, pause);
    seat.timer = setTimeout(() => {
      seat.timer = undefined;
      this.#fill(seat);
    }, pause).unref();
  }

  #leaveEmpty(seat: Seat, reason: string): void {
    seat.restarts.reset();
    const error = new InitializerError(`${this.#options.name}: a process ${reason}`, { cause: seat.error });
    this.#failure = error;
    this.#settleWaiting((waiter) => waiter.reject(error));
    for (const task of seat.cancel(() => true)) this.#events.onStranded(task, error);
    // The tasks of its queue can only be run by the children of that queue.
    const others = this.#seats.filter(({ queueId }) => queueId === seat.queueId);
    const isHopeless = others.every((each) => each.children.length === 0 && each.timer === undefined);
    if (isHopeless) this.#events.onHopeless(error);
  }

  #settleWaiting(settle: (waiter: { resolve(): void; reject(error: unknown): void }) => void): void {
    for (const waiter of this.#waiting) settle(waiter);
    this.#waiting.clear();
  }

  #checkEmpty(): void {
    if (this.children.length > 0) return;
    this.#settleWaiting((waiter) => waiter.reject(new PoolClosedError()));
    this.#onEmpty();
  }
}

function describeExit({ exitCode, signal }: ChildEnd['exit']): string {
  return signal === null ? `exited with code ${exitCode}` : `was killed by ${signal}`;
}
