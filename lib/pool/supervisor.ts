import { InitializerError, PoolTerminatedError } from '../errors.js';
import type { StartOptions } from '../ipc/messages.js';
import { clearTimeout, nextTick, performance, setTimeout } from '../util/clock.js';
import type { Ending } from './ending.js';
import type { ReadPoolOptions } from './options.js';
import { Place } from './place.js';
import { PoolWorker } from './pool-worker.js';
import type { PoolWorkerOwner } from './pool-worker-owner.js';
import type { QueueId } from './scheduler.js';
import { createStartOptions } from './start-options.js';
import type { Task } from './task.js';
import type { Watch } from './watch.js';

/** After a process that should have replaced a running one could not start, the time until another is tried. */
const RENEWAL_PAUSE = 5000;

/** What a {@link Supervisor} tells its pool. */
export interface SupervisorOwner extends Omit<PoolWorkerOwner, 'onWorn' | 'onExhausted' | 'onIdle'> {
  onStart(worker: PoolWorker): void;
  /** The process that should have run the task cannot be started. */
  onStranded(task: Task, error: InitializerError): void;
  /** No process of a queue can be started. */
  onGivenUp(error: InitializerError): void;
}

/**
 * Keeps as many processes running as the pool should have.
 *
 * One that dies is replaced. One that cannot start is tried again a few times, with pauses; then its place stays empty
 * until there is new work for it. One that has run its share of tasks is replaced while its last tasks still run.
 */
export class Supervisor {
  /** Resolves when the last process is gone, and no other will come. */
  readonly ended: Promise<void>;
  #onEmpty!: () => void;
  readonly #owner: SupervisorOwner;
  readonly #watch: Watch;
  readonly #options: ReadPoolOptions;
  readonly #start: StartOptions;
  readonly #workerOwner: PoolWorkerOwner;
  readonly #places: Place[];
  readonly #waiting = new Set<{ resolve(): void; reject(error: unknown): void }>();
  #state: 'running' | 'draining' | 'terminated' = 'running';
  #givenUp: InitializerError | undefined;

  constructor(options: ReadPoolOptions, queueIds: readonly QueueId[], watch: Watch, owner: SupervisorOwner) {
    this.ended = new Promise((resolve) => {
      this.#onEmpty = resolve;
    });
    this.#owner = owner;
    this.#watch = watch;
    this.#options = options;
    this.#start = createStartOptions(options);
    this.#workerOwner = {
      ...owner,
      onReady: (worker) => this.#onReady(worker),
      onWorn: (worker) => this.#renew(worker),
      onExhausted: (worker) => this.replace(worker),
      onIdle: (worker) => this.#retire(worker),
      onEnd: (worker, ending) => this.#onEnd(worker, ending),
    };
    this.#places = Array.from({ length: options.processes }, (_, index) => {
      const queueId = queueIds[index % queueIds.length] as QueueId;
      return new Place(index, queueId, index < options.minProcesses, options.startTimeout);
    });
  }

  start(): void {
    for (const place of this.#places) if (place.isWanted) this.#fill(place);
  }

  get workers(): PoolWorker[] {
    return this.#places.flatMap(({ workers }) => workers);
  }

  /** Sees to it that there are enough processes for so many tasks. */
  grow(tasks: number): void {
    if (this.#options.minProcesses === this.#places.length || this.#state !== 'running') return;
    for (const place of this.#places.slice(0, tasks)) {
      if (place.isWanted) continue;
      place.isWanted = true;
      this.#fill(place);
    }
  }

  /** Fills places that were given up: there is new work. */
  revive(): void {
    if (this.#givenUp === undefined) return;
    this.#givenUp = undefined;
    for (const place of this.#places) {
      if (!place.isWanted || place.worker !== undefined || place.timer !== undefined) continue;
      place.restarts.reset();
      this.#fill(place);
    }
  }

  /** Those that have a process, or get one. */
  get wanted(): Place[] {
    return this.#places.filter(({ isWanted }) => isWanted);
  }

  /** Gives up those of the tasks of all processes that `isWanted` names, also of processes that are still to come. */
  abandon(isWanted: (task: Task) => boolean): Task[] {
    return this.#places.flatMap((place) => [
      ...place.remove(isWanted),
      ...place.workers.flatMap((worker) => worker.abandon(isWanted)),
    ]);
  }

  async ready(): Promise<void> {
    if (this.#state === 'terminated') throw new PoolTerminatedError();
    if (this.#givenUp !== undefined) throw this.#givenUp;
    if (this.#isReady) return;
    await new Promise<void>((resolve, reject) => this.#waiting.add({ resolve, reject }));
  }

  get #isReady(): boolean {
    return this.#places.every(({ isWanted, worker }) => !isWanted || (worker && worker.state !== 'booting'));
  }

  /** Starts another, to which the worker gives its place once it is ready: there is always one that runs tasks. */
  #renew(worker: PoolWorker): void {
    const place = this.#places.find((each) => each.worker === worker);
    if (this.#state !== 'running' || place === undefined || place.draining || place.successor) return;
    if (performance.now() >= place.renewableAt) place.successor = this.#create(place);
  }

  /** Ends a worker for which there is nothing to do, if there are enough others. */
  #retire(worker: PoolWorker): void {
    const index = this.#places.findIndex((each) => each.worker === worker);
    const place = this.#places[index];
    if (place === undefined || index < this.#options.minProcesses || place.draining || place.successor) return;
    place.isWanted = false;
    place.vacate(worker);
    worker.drain('idle');
  }

  /** A worker should be sent nothing more, or has a successor that is ready: another takes over. */
  replace(worker: PoolWorker): void {
    const place = this.#places.find((each) => each.worker === worker);
    // At most one predecessor: the next in line waits until it is gone.
    if (this.#state !== 'running' || place === undefined || place.draining !== undefined) return;
    place.vacate(worker);
    const { pid, wornBy = 'maxTasksPerChild' } = worker;
    this.#watch.tellProcess('processRecycled', { pid, place: place.index, reason: wornBy });
    worker.drain('recycled');
    this.#fill(place);
  }

  /** Lets every process finish what it has, and exit. */
  drain(): void {
    if (this.#state !== 'running') return;
    this.#state = 'draining';
    for (const place of this.#places) this.#cancelStart(place);
    for (const worker of this.workers) worker.drain('closed');
    this.#checkEmpty();
  }

  terminate(): void {
    this.#state = 'terminated';
    for (const place of this.#places) this.#cancelStart(place);
    for (const worker of this.workers) worker.terminate();
    this.#settleWaiting((waiter) => waiter.reject(new PoolTerminatedError()));
    this.#checkEmpty();
  }

  #cancelStart(place: Place): void {
    place.restarts.reset();
    clearTimeout(place.timer);
    place.timer = undefined;
  }

  #create(place: Place): PoolWorker {
    const { queueId, index } = place;
    const seat = { queueId, place: index, restarts: place.started++ };
    const worker = new PoolWorker(this.#workerOwner, this.#watch, seat, this.#options, this.#start);
    // Those who make a pool listen to it afterwards.
    nextTick(() => this.#watch.tellProcess('processStarted', { pid: worker.pid, place: index }));
    return worker;
  }

  #fill(place: Place): void {
    const worker = place.successor ?? this.#create(place);
    place.successor = undefined;
    this.#owner.onStart(worker);
    place.occupy(worker);
  }

  #onReady(worker: PoolWorker): void {
    const place = this.#places.find(({ workers }) => workers.includes(worker));
    place?.restarts.onReady();
    if (place?.successor === worker && place.worker !== undefined) this.replace(place.worker);
    if (this.#isReady) this.#settleWaiting((waiter) => waiter.resolve());
    this.#owner.onReady(worker);
  }

  #onEnd(worker: PoolWorker, ending: Ending): void {
    const place = this.#places.find((each) => each.workers.includes(worker)) as Place;
    if (place.successor === worker) {
      place.successor = undefined;
      place.renewableAt = performance.now() + RENEWAL_PAUSE;
    } else if (place.draining === worker) {
      place.draining = undefined;
      if (place.worker !== undefined) place.worker.predecessor = undefined;
    } else place.worker = undefined;
    for (const task of ending.pinned) place.pin(task);
    this.#owner.onEnd(worker, ending);
    this.#tellExit(worker, ending);
    if (this.#state !== 'running') return this.#checkEmpty();
    if (!place.isWanted) return;
    if (place.worker === undefined) this.#refill(place, worker, ending);
    else if (place.worker.exhausted) this.replace(place.worker);
  }

  #tellExit({ pid, place, exitReason: reason }: PoolWorker, { exit: { exitCode, signal }, cause }: Ending): void {
    const error = cause === undefined ? {} : { error: cause };
    this.#watch.tellProcess('processExited', { pid, place, reason, exitCode, signal, ...error });
  }

  /** One that was ended by its task has done what it could, and is no sign that the next will fail. */
  #refill(place: Place, worker: PoolWorker, { exit, cause }: Ending): void {
    if (worker.sent > 0) {
      place.restarts.reset();
      return this.#fill(place);
    }
    place.error = cause ?? new Error(`process ${worker.pid} ${describeExit(exit)} before it was ready`);
    const pause = place.restarts.next(exit, worker.isLate);
    if (typeof pause === 'string') return this.#giveUp(place, pause);
    place.timer = setTimeout(() => {
      place.timer = undefined;
      this.#fill(place);
    }, pause).unref();
  }

  #giveUp(place: Place, reason: string): void {
    place.restarts.reset();
    const error = new InitializerError(`${this.#options.name}: a process ${reason}`, { cause: place.error });
    this.#givenUp = error;
    this.#settleWaiting((waiter) => waiter.reject(error));
    for (const task of place.remove(() => true)) this.#owner.onStranded(task, error);
    // The tasks of its queue can only be run by the processes of that queue.
    const others = this.#places.filter(({ queueId }) => queueId === place.queueId);
    const hopeless = others.every((each) => each.workers.length === 0 && each.timer === undefined);
    if (hopeless) this.#owner.onGivenUp(error);
  }

  #settleWaiting(settle: (waiter: { resolve(): void; reject(error: unknown): void }) => void): void {
    for (const waiter of this.#waiting) settle(waiter);
    this.#waiting.clear();
  }

  #checkEmpty(): void {
    if (this.workers.length === 0) this.#onEmpty();
  }
}

function describeExit({ exitCode, signal }: Ending['exit']): string {
  return signal === null ? `exited with code ${exitCode}` : `was killed by ${signal}`;
}
