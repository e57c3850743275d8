import { FULL } from '../../protocol/load.js';
import { nextTick, setTimeout } from '../../util/clock.js';
import type { PoolMap } from '../map/pool-map.js';
import type { ReadPoolOptions } from '../options/pool-options.js';
import type { Job } from '../task/job.js';
import type { Task } from '../task/task.js';
import type { Tracing } from '../tracing/tracing.js';
import type { ChildHandle } from '../worker/child-handle.js';
import { waysOf } from '../worker/in-flight.js';
import { MapRotation } from './map-rotation.js';
import type { QueueId, Scheduler } from './scheduler.js';
import { TaskQueue } from './task-queue.js';

/** What a {@link Dispatcher} reports. */
export interface DispatcherEvents {
  /** A task cannot be queued or sent. */
  onFailure(task: Task, error: unknown): void;
  /** This many tasks wait or run, and more processes may start for them. */
  onLoad(tasks: number): void;
  /** The queues were full, and are empty now. */
  onDrain(): void;
  /** A child was sent the last task that it may run. */
  onExhausted(child: ChildHandle): void;
}

/** How long a process is idle before it is given tasks that others have, in milliseconds. */
const RECALL_DELAY = 5;
/** How many tasks in a row a process gets beside those that it runs: for each alone, all the processes would be compared. */
const MAX_RUN = 32;
/** How many tasks for each process count as the last ones. */
const LAST_TASKS = 2;

/** A child with room for tasks of a function, while tasks are handed out. */
interface Candidate {
  readonly child: ChildHandle;
  room: number;
  load: number;
  /** What each of them takes of it. */
  readonly share: number;
}

/** Sends tasks to children: the scheduler names a queue for each task, and the children of that queue take it. */
export class Dispatcher {
  readonly #events: DispatcherEvents;
  readonly #scheduler: Scheduler;
  readonly #tracing: Tracing;
  readonly #queues = new Map<QueueId, { tasks: TaskQueue; children: Set<ChildHandle> }>();
  readonly #maps = new MapRotation();
  /** Nothing is sent until {@link resume}. */
  isPaused = false;
  #scheduled = false;
  #isRecallPlanned = false;
  /** Whether more processes start with more to do. */
  readonly #mayGrow: boolean;
  readonly #maxQueued: number;
  #wasFull = false;

  constructor(options: ReadPoolOptions, tracing: Tracing, events: DispatcherEvents) {
    const { scheduler, queueCount, processes, minProcesses, maxQueueSize } = options;
    this.#events = events;
    this.#scheduler = scheduler;
    this.#tracing = tracing;
    this.#mayGrow = minProcesses < processes;
    this.#maxQueued = maxQueueSize;
    for (let index = 0; index < queueCount; index++) {
      const tasks = new TaskQueue();
      this.#queues.set(scheduler.registerQueue(tasks), { tasks, children: new Set() });
    }
    for (let index = 0; index < processes; index++) {
      scheduler.registerProcess(this.queueIds[index % queueCount] as QueueId);
    }
  }

  get queueIds(): QueueId[] {
    return [...this.#queues.keys()];
  }

  get queued(): number {
    let size = 0;
    for (const { tasks } of this.#queues.values()) size += tasks.size;
    return size;
  }

  /** Whether `maxQueueSize` tasks wait, even after as many as possible were sent. */
  get isFull(): boolean {
    if (this.#maxQueued === Number.POSITIVE_INFINITY || this.queued < this.#maxQueued) return false;
    this.dispatch();
    const isFull = this.queued >= this.#maxQueued;
    this.#wasFull ||= isFull;
    return isFull;
  }

  addChild(child: ChildHandle): void {
    this.#queues.get(child.queueId)?.children.add(child);
  }

  removeChild(child: ChildHandle): void {
    this.#queues.get(child.queueId)?.children.delete(child);
  }

  addMap(map: PoolMap<unknown>): void {
    this.#maps.add(map);
    this.schedule();
  }

  removeMap(map: PoolMap<unknown>): void {
    this.#maps.remove(map);
  }

  /** A scheduler that throws, or names a queue that does not exist, fails the task. */
  enqueue(task: Task): void {
    try {
      this.#tracing.tasks?.onQueued(task);
      const id = this.#scheduler.scheduleTask(task.id, task.job.fn, task.args);
      const queue = this.#queues.get(id);
      if (queue === undefined) {
        throw new RangeError(`scheduleTask() returned ${String(id)}, which is not a registered queue id`);
      }
      queue.tasks.push(task);
    } catch (error) {
      this.#events.onFailure(task, error);
    }
  }

  putBack(queueId: QueueId, tasks: readonly Task[]): void {
    this.#queues.get(queueId)?.tasks.putBack(tasks);
  }

  /** Takes out all tasks for which `isWanted` holds. */
  cancel(isWanted: (task: Task) => boolean): Task[] {
    return [...this.#queues.values()].flatMap(({ tasks }) => tasks.cancel(isWanted));
  }

  /** Dispatches at the end of this tick all that it asks for, in few writes. */
  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    nextTick(this.dispatch);
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.schedule();
  }

  readonly dispatch = (): void => {
    this.#scheduled = false;
    if (!this.isPaused) this.#sendWaiting();
    if (!this.#wasFull || this.queued > 0) return;
    this.#wasFull = false;
    this.#events.onDrain();
  };

  #sendWaiting(): void {
    if (this.#mayGrow) this.#events.onLoad(this.#countLoad());
    for (const { tasks, children } of this.#queues.values()) {
      if (tasks.size > 0 || !this.#maps.isEmpty) this.#distribute(tasks, children);
      if (tasks.size === 0) this.#planRecall(children);
    }
  }

  /** Each task goes to the child with the smallest load, as long as one has room. */
  #distribute(tasks: TaskQueue, children: ReadonlySet<ChildHandle>): void {
    const share = this.#getShare(tasks, children);
    const available: ChildHandle[] = [];
    for (const child of children) if (child.isAvailable) available.push(child);
    if (available.length === 0) return;
    let open: Candidate[] = [];
    let job: Job | undefined;
    let candidate: Candidate | undefined;
    let run = 0;
    for (;;) {
      // Nothing is taken from the maps while all are full.
      if (job !== undefined && open.length === 0) break;
      this.#pull(tasks, tasks.priority);
      const task = tasks.shift();
      if (task === undefined) break;
      if (job === undefined || !isSameFunction(task.job, job)) {
        job = task.job;
        run = 0;
        open = this.#findRoom(job, available, share, tasks.size + 1);
        if (open.length === 0) {
          tasks.putBack([task]);
          break;
        }
      }
      if (candidate === undefined || run === 0) {
        candidate = findIdlest(open);
        run = candidate.load < FULL ? 1 : MAX_RUN;
      }
      run--;
      this.#send(candidate, task);
      if (candidate.room > 0) continue;
      open.splice(open.indexOf(candidate), 1);
      run = 0;
    }
    for (const child of available) child.flush();
  }

  /**
   * A process that has nothing to do gets tasks that others have not begun. Not at once: mostly they end what they have in a
   * moment, and asking costs more than a tiny task.
   */
  #planRecall(children: ReadonlySet<ChildHandle>): void {
    if (this.#isRecallPlanned || !hasIdle(children)) return;
    this.#isRecallPlanned = true;
    setTimeout(() => {
      this.#isRecallPlanned = false;
      for (const { children } of this.#queues.values()) {
        if (hasIdle(children)) for (const child of children) child.recallHalf();
      }
    }, RECALL_DELAY).unref();
  }

  /** @param waiting - how many tasks wait in the queue. */
  #findRoom(job: Job, available: readonly ChildHandle[], share: number, waiting: number): Candidate[] {
    const isLast = waiting + this.#maps.remaining <= LAST_TASKS * available.length;
    const open: Candidate[] = [];
    for (const child of available) {
      const room = child.getRoom(job, share, isLast);
      if (room > 0) open.push({ child, room, load: child.load, share: child.getShare(job) });
    }
    return open;
  }

  #send(candidate: Candidate, task: Task): void {
    const { child } = candidate;
    try {
      child.send(task);
    } catch (error) {
      this.#events.onFailure(task, error);
      return;
    }
    candidate.load += candidate.share;
    candidate.room = child.isOpen ? candidate.room - 1 : 0;
    if (child.isExhausted) this.#events.onExhausted(child);
  }

  /** Few tasks are spread over all children, also those that are still starting. */
  #getShare(tasks: TaskQueue, children: ReadonlySet<ChildHandle>): number {
    let live = 0;
    let slots = 0;
    let inFlight = 0;
    let areBooting = false;
    for (const child of children) {
      inFlight += child.inFlight;
      if (child.state === 'draining') continue;
      live++;
      slots += child.concurrency;
      areBooting ||= child.state === 'booting';
    }
    let { remaining } = this.#maps;
    if (remaining === Number.POSITIVE_INFINITY && areBooting) {
      // The length of a stream is unknown before its items are taken: take as many as these children run at a time.
      while (inFlight + tasks.size < slots && this.#pull(tasks, Number.NEGATIVE_INFINITY));
      remaining = 0;
    }
    return Math.ceil((inFlight + tasks.size + remaining) / Math.max(live, 1));
  }

  #countLoad(): number {
    let load = this.queued + this.#maps.remaining;
    for (const { children } of this.#queues.values()) {
      for (const child of children) load += child.inFlight;
    }
    return load;
  }

  /**
   * Takes the next items of the maps in turn, until this queue has one more.
   *
   * @param above - only from maps of a higher priority than this.
   */
  #pull(tasks: TaskQueue, above: number): boolean {
    const { size } = tasks;
    for (let at = 0; ; ) {
      const map = this.#maps.at(at);
      if (map === undefined || map.priority <= above) return false;
      const task = map.createTask();
      if (task === undefined) {
        // A map that has ended has left the rotation.
        if (!map.ended) at++;
        continue;
      }
      this.#maps.passTurn(map);
      this.enqueue(task);
      if (tasks.size > size) return true;
      at = 0;
    }
  }
}

/** Whether the children have the same room for both, and call both in the same way: each `apply` has a job of its own. */
function isSameFunction(one: Job, other: Job): boolean {
  return one === other || (one.address === other.address && waysOf(one) === waysOf(other));
}

function findIdlest(candidates: readonly Candidate[]): Candidate {
  let idlest = candidates[0] as Candidate;
  for (const candidate of candidates) if (candidate.load < idlest.load) idlest = candidate;
  return idlest;
}

/** Whether one has nothing to do while another has several tasks. */
function hasIdle(children: ReadonlySet<ChildHandle>): boolean {
  let isIdle = false;
  let isShared = false;
  for (const child of children) {
    if (child.inFlight > 1) isShared = true;
    else if (child.isAvailable && child.load === 0) isIdle = true;
  }
  return isIdle && isShared;
}
