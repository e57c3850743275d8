import { InitializerError, PoolTerminatedError } from '../errors.js';
import type { StartOptions } from '../ipc/messages.js';
import type { Ending } from './ending.js';
import type { ReadPoolOptions } from './options.js';
import { PoolWorker } from './pool-worker.js';
import type { PoolWorkerOwner } from './pool-worker-owner.js';
import { MAX_ATTEMPTS, RestartPolicy } from './restart-policy.js';
import type { QueueId } from './scheduler.js';
import { createStartOptions } from './start-options.js';
import type { Watch } from './watch.js';

/** After a process that should have replaced a running one could not start, the time until another is tried. */
const RENEWAL_PAUSE = 5000;

/** What a {@link Supervisor} tells its pool. */
export interface SupervisorOwner extends Omit<PoolWorkerOwner, 'onWorn' | 'onIdle'> {
  onStart(worker: PoolWorker): void;
  /** No process of a queue can be started. */
  onGivenUp(error: InitializerError): void;
}

/** The place of one process in the pool, and who has it. */
interface Slot {
  readonly queueId: QueueId;
  /** Its number, and how many processes were started for it. */
  readonly place: number;
  started: number;
  worker: PoolWorker | undefined;
  /** The one before, whose last tasks still run. */
  draining: PoolWorker | undefined;
  /** The one that takes over as soon as it is ready. */
  successor: PoolWorker | undefined;
  /** When a successor may be started. */
  renewableAt: number;
  /** Whether there is enough to do for it. */
  isWanted: boolean;
  readonly restarts: RestartPolicy;
  timer: NodeJS.Timeout | undefined;
  error: unknown;
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
  readonly #slots: Slot[];
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
      onIdle: (worker) => this.#retire(worker),
      onEnd: (worker, ending) => this.#onEnd(worker, ending),
    };
    this.#slots = Array.from({ length: options.processes }, (_, index) => ({
      place: index,
      started: 0,
      queueId: queueIds[index % queueIds.length] as QueueId,
      worker: undefined,
      draining: undefined,
      successor: undefined,
      renewableAt: 0,
      isWanted: index < options.minProcesses,
      restarts: new RestartPolicy(),
      timer: undefined,
      error: undefined,
    }));
  }

  start(): void {
    for (const slot of this.#slots) if (slot.isWanted) this.#fill(slot);
  }

  get workers(): PoolWorker[] {
    return this.#slots.flatMap(workersOf);
  }

  /** Sees to it that there are enough processes for so many tasks. */
  grow(tasks: number): void {
    if (this.#options.minProcesses === this.#slots.length || this.#state !== 'running') return;
    for (const slot of this.#slots.slice(0, tasks)) {
      if (slot.isWanted) continue;
      slot.isWanted = true;
      this.#fill(slot);
    }
  }

  /** Fills places that were given up: there is new work. */
  revive(): void {
    if (this.#givenUp === undefined) return;
    this.#givenUp = undefined;
    for (const slot of this.#slots) {
      if (!slot.isWanted || slot.worker !== undefined || slot.timer !== undefined) continue;
      slot.restarts.reset();
      this.#fill(slot);
    }
  }

  /** The workers that take a task each, one for each process. */
  get current(): PoolWorker[] {
    return this.#slots.map(({ worker }) => worker).filter((worker) => worker !== undefined);
  }

  async ready(): Promise<void> {
    if (this.#state === 'terminated') throw new PoolTerminatedError();
    if (this.#givenUp !== undefined) throw this.#givenUp;
    if (this.#isReady) return;
    await new Promise<void>((resolve, reject) => this.#waiting.add({ resolve, reject }));
  }

  get #isReady(): boolean {
    return this.#slots.every(({ isWanted, worker }) => !isWanted || (worker && worker.state !== 'booting'));
  }

  /** Starts another, to which the worker gives its place once it is ready: there is always one that runs tasks. */
  #renew(worker: PoolWorker): void {
    const slot = this.#slots.find((each) => each.worker === worker);
    if (this.#state !== 'running' || slot === undefined || slot.draining || slot.successor) return;
    if (performance.now() >= slot.renewableAt) slot.successor = this.#create(slot);
  }

  /** Ends a worker for which there is nothing to do, if there are enough others. */
  #retire(worker: PoolWorker): void {
    const index = this.#slots.findIndex((each) => each.worker === worker);
    const slot = this.#slots[index];
    if (slot === undefined || index < this.#options.minProcesses || slot.draining || slot.successor) return;
    slot.isWanted = false;
    slot.draining = worker;
    slot.worker = undefined;
    worker.drain('idle');
  }

  /** A worker was sent the last task it may run, or has a successor that is ready: another takes over. */
  replace(worker: PoolWorker): void {
    const slot = this.#slots.find((each) => each.worker === worker);
    // At most one predecessor: the next in line waits until it is gone.
    if (slot === undefined || slot.draining !== undefined) return;
    slot.draining = worker;
    slot.worker = undefined;
    const { pid, place, wornBy = 'maxTasksPerChild' } = worker;
    this.#watch.tellProcess('processRecycled', { pid, place, reason: wornBy });
    worker.drain('recycled');
    this.#fill(slot);
  }

  /** Lets every process finish what it has, and exit. */
  drain(): void {
    if (this.#state !== 'running') return;
    this.#state = 'draining';
    for (const slot of this.#slots) this.#cancelTimer(slot);
    for (const worker of this.workers) worker.drain('closed');
    this.#checkEmpty();
  }

  terminate(): void {
    this.#state = 'terminated';
    for (const slot of this.#slots) this.#cancelTimer(slot);
    for (const worker of this.workers) worker.terminate();
    this.#settleWaiting((waiter) => waiter.reject(new PoolTerminatedError()));
    this.#checkEmpty();
  }

  #cancelTimer(slot: Slot): void {
    clearTimeout(slot.timer);
    slot.timer = undefined;
  }

  #create(slot: Slot): PoolWorker {
    const { queueId, place } = slot;
    const restarts = slot.started++;
    const worker = new PoolWorker(
      this.#workerOwner,
      this.#watch,
      { queueId, place, restarts },
      this.#options,
      this.#start,
    );
    // Those who make a pool listen to it afterwards.
    process.nextTick(() => this.#watch.tellProcess('processStarted', { pid: worker.pid, place }));
    return worker;
  }

  #fill(slot: Slot): void {
    const worker = slot.successor ?? this.#create(slot);
    slot.successor = undefined;
    worker.predecessor = slot.draining;
    slot.worker = worker;
    this.#owner.onStart(worker);
  }

  #onReady(worker: PoolWorker): void {
    const slot = this.#slots.find(({ successor }) => successor === worker);
    if (slot?.worker !== undefined) this.replace(slot.worker);
    if (this.#isReady) this.#settleWaiting((waiter) => waiter.resolve());
    this.#owner.onReady(worker);
  }

  #onEnd(worker: PoolWorker, ending: Ending): void {
    const slot = this.#slots.find((each) => workersOf(each).includes(worker)) as Slot;
    if (slot.successor === worker) {
      slot.successor = undefined;
      slot.renewableAt = performance.now() + RENEWAL_PAUSE;
    } else if (slot.draining === worker) {
      slot.draining = undefined;
      if (slot.worker !== undefined) slot.worker.predecessor = undefined;
    } else slot.worker = undefined;
    this.#owner.onEnd(worker, ending);
    this.#tellExit(worker, ending);
    if (this.#state !== 'running') return this.#checkEmpty();
    if (!slot.isWanted) return;
    if (slot.worker === undefined) this.#refill(slot, worker, ending);
    else if (slot.worker.exhausted) this.replace(slot.worker);
  }

  #tellExit({ pid, place, exitReason: reason }: PoolWorker, { exit: { exitCode, signal }, cause }: Ending): void {
    const error = cause === undefined ? {} : { error: cause };
    this.#watch.tellProcess('processExited', { pid, place, reason, exitCode, signal, ...error });
  }

  /** One that was ended by its task has done what it could, and is no sign that the next will fail. */
  #refill(slot: Slot, worker: PoolWorker, { exit, cause }: Ending): void {
    if (worker.sent > 0) {
      slot.restarts.reset();
      return this.#fill(slot);
    }
    slot.error = cause ?? new Error(`process ${worker.pid} exited with code ${exit.exitCode} before it was ready`);
    const pause = slot.restarts.getPause(exit.signal !== null);
    if (pause === undefined) return this.#giveUp(slot);
    slot.timer = setTimeout(() => {
      slot.timer = undefined;
      this.#fill(slot);
    }, pause).unref();
  }

  #giveUp(slot: Slot): void {
    const error = new InitializerError(
      `${this.#options.name}: a process could not be made ready in ${MAX_ATTEMPTS} attempts`,
      { cause: slot.error },
    );
    this.#givenUp = error;
    this.#settleWaiting((waiter) => waiter.reject(error));
    // The tasks of its queue can only be run by the processes of that queue.
    const others = this.#slots.filter(({ queueId }) => queueId === slot.queueId);
    const hopeless = others.every((each) => workersOf(each).length === 0 && each.timer === undefined);
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

function workersOf({ worker, draining, successor }: Slot): PoolWorker[] {
  return [worker, draining, successor].filter((each) => each !== undefined);
}
