import { nextTick } from '../util/clock.js';
import type { ReadPoolOptions } from './options.js';
import type { PoolMap } from './pool-map.js';
import type { PoolWorker } from './pool-worker.js';
import { RequestQueue } from './request-queue.js';
import type { QueueId, Scheduler } from './scheduler.js';
import type { Task } from './task.js';
import type { Watch } from './watch.js';

/** What a {@link Dispatcher} needs from its pool. */
export interface DispatcherOwner {
  onFailure(task: Task, error: unknown): void;
  /** How often a task is run with this time. */
  attemptOf(task: Task): number;
  /** There are so many tasks to run, or that run, and more processes may start for them. */
  onLoad(tasks: number): void;
  /** After the queues were full, nothing waits any more. */
  onDrain(): void;
  /** A worker has been sent the last task it may run. */
  onExhausted(worker: PoolWorker): void;
}

/** Brings tasks to workers: the scheduler names a queue for each, the workers of that queue take them. */
export class Dispatcher {
  readonly #owner: DispatcherOwner;
  readonly #scheduler: Scheduler;
  readonly #watch: Watch;
  readonly #queues = new Map<QueueId, { tasks: RequestQueue; workers: Set<PoolWorker> }>();
  /** In falling order of priority; of those that have the same, the next in turn first. */
  #maps: PoolMap<unknown>[] = [];
  #scheduled = false;
  /** Whether more processes start with more to do. */
  readonly #mayGrow: boolean;
  readonly #maxQueued: number;
  #wasFull = false;

  constructor(options: ReadPoolOptions, watch: Watch, owner: DispatcherOwner) {
    const { scheduler, queueCount, processes, minProcesses, maxQueueSize } = options;
    this.#owner = owner;
    this.#scheduler = scheduler;
    this.#watch = watch;
    this.#mayGrow = minProcesses < processes;
    this.#maxQueued = maxQueueSize;
    for (let index = 0; index < queueCount; index++) {
      const tasks = new RequestQueue();
      this.#queues.set(scheduler.registerQueue(tasks), { tasks, workers: new Set() });
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

  /** Whether as many tasks wait as may, even after all that can be sent is sent. */
  get isFull(): boolean {
    if (this.#maxQueued === Number.POSITIVE_INFINITY || this.queued < this.#maxQueued) return false;
    this.dispatch();
    const isFull = this.queued >= this.#maxQueued;
    this.#wasFull ||= isFull;
    return isFull;
  }

  addWorker(worker: PoolWorker): void {
    this.#queues.get(worker.queueId)?.workers.add(worker);
  }

  removeWorker(worker: PoolWorker): void {
    this.#queues.get(worker.queueId)?.workers.delete(worker);
  }

  addMap(map: PoolMap<unknown>): void {
    this.#insertMap(map);
    this.schedule();
  }

  /** Behind those of its priority. */
  #insertMap(map: PoolMap<unknown>): void {
    const behind = this.#maps.findIndex(({ priority }) => priority < map.priority);
    this.#maps.splice(behind === -1 ? this.#maps.length : behind, 0, map);
  }

  removeMap(map: PoolMap<unknown>): void {
    this.#maps = this.#maps.filter((other) => other !== map);
  }

  /** A scheduler that fails, or names a queue that is not there, fails the task. */
  enqueue(task: Task): void {
    try {
      this.#watch.tasks?.onQueued(task);
      const id = this.#scheduler.scheduleTask(task.id, task.job.fn, task.args);
      const queue = this.#queues.get(id);
      if (queue === undefined) throw new RangeError(`scheduleTask() gave ${String(id)}, which names no queue`);
      queue.tasks.push(task);
    } catch (error) {
      this.#owner.onFailure(task, error);
    }
  }

  putBack(worker: PoolWorker, tasks: readonly Task[]): void {
    this.#queues.get(worker.queueId)?.tasks.putBack(tasks);
  }

  /** Takes out all tasks that `isWanted` names. */
  remove(isWanted: (task: Task) => boolean): Task[] {
    return [...this.#queues.values()].flatMap(({ tasks }) => tasks.remove(isWanted));
  }

  /** Everything that is asked for in this turn of the program is dispatched together, at its end. */
  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    nextTick(this.dispatch);
  }

  readonly dispatch = (): void => {
    this.#scheduled = false;
    if (this.#mayGrow) this.#owner.onLoad(this.#countLoad());
    for (const { tasks, workers } of this.#queues.values()) {
      if (tasks.size > 0 || this.#maps.length > 0) this.#distribute(tasks, workers);
    }
    if (!this.#wasFull || this.queued > 0) return;
    this.#wasFull = false;
    this.#owner.onDrain();
  };

  /** Each task goes to the worker with the fewest in flight, as long as one has room. */
  #distribute(tasks: RequestQueue, workers: ReadonlySet<PoolWorker>): void {
    const share = this.#getShare(tasks, workers);
    const lanes: Lane[] = [];
    for (const worker of workers) {
      const room = worker.getRoom(share);
      if (room > 0) lanes.push({ worker, room, inFlight: worker.inFlight });
    }
    const open = [...lanes];
    while (open.length > 0) {
      this.#pull(tasks, tasks.priority);
      const task = tasks.shift();
      if (task === undefined) break;
      const lane = findIdlest(open);
      this.#send(lane, task);
      if (lane.room <= 0) open.splice(open.indexOf(lane), 1);
    }
    for (const { worker } of lanes) worker.flush();
  }

  #send(lane: Lane, task: Task): void {
    const { worker } = lane;
    try {
      worker.send(task, this.#owner.attemptOf(task));
    } catch (error) {
      this.#owner.onFailure(task, error);
      return;
    }
    lane.inFlight++;
    lane.room = worker.isOpen ? lane.room - 1 : 0;
    if (worker.exhausted) this.#owner.onExhausted(worker);
  }

  /** Few tasks are spread over all processes, also those that are still starting. */
  #getShare(tasks: RequestQueue, workers: ReadonlySet<PoolWorker>): number {
    let live = 0;
    let slots = 0;
    let inFlight = 0;
    let booting = false;
    for (const worker of workers) {
      inFlight += worker.inFlight;
      if (worker.state === 'draining') continue;
      live++;
      slots += worker.concurrency;
      booting ||= worker.state === 'booting';
    }
    let remaining = this.#countRemaining();
    if (remaining === Number.POSITIVE_INFINITY && booting) {
      // How many items a stream has is known when they are taken: as many as these processes run at a time.
      while (inFlight + tasks.size < slots && this.#pull(tasks, Number.NEGATIVE_INFINITY));
      remaining = 0;
    }
    return Math.ceil((inFlight + tasks.size + remaining) / Math.max(live, 1));
  }

  #countLoad(): number {
    let load = this.queued + this.#countRemaining();
    for (const { workers } of this.#queues.values()) {
      for (const worker of workers) load += worker.inFlight;
    }
    return load;
  }

  #countRemaining(): number {
    let remaining = 0;
    for (const map of this.#maps) remaining += map.remaining;
    return remaining;
  }

  /**
   * Takes the next items of the maps in turn, until there is one more in this queue.
   *
   * @param above - only of maps that come before tasks of this priority.
   */
  #pull(tasks: RequestQueue, above: number): boolean {
    const { size } = tasks;
    for (let at = 0; ; ) {
      const map = this.#maps[at];
      if (map === undefined || map.priority <= above) return false;
      const task = map.createTask();
      if (task === undefined) {
        // One that has ended is not there any more.
        if (!map.ended) at++;
        continue;
      }
      if (this.#maps.length > 1 && !map.ended) this.#passTurn(map);
      this.enqueue(task);
      if (tasks.size > size) return true;
      at = 0;
    }
  }

  #passTurn(map: PoolMap<unknown>): void {
    this.#maps.splice(this.#maps.indexOf(map), 1);
    this.#insertMap(map);
  }
}

/** A worker with room, while tasks are handed out. */
interface Lane {
  readonly worker: PoolWorker;
  room: number;
  inFlight: number;
}

function findIdlest(lanes: readonly Lane[]): Lane {
  let idlest = lanes[0] as Lane;
  for (const lane of lanes) if (lane.inFlight < idlest.inFlight) idlest = lane;
  return idlest;
}
