import { InitializerError, PoolTerminatedError } from '../errors.js';
import type { StartOptions } from '../ipc/messages.js';
import type { Ending } from './ending.js';
import type { ReadPoolOptions } from './options.js';
import { PoolWorker, type PoolWorkerOwner } from './pool-worker.js';
import type { QueueId } from './scheduler.js';
import { createStartOptions } from './start-options.js';
import type { Task } from './task.js';

/** How often a process is started that ends before it has done anything, and the pause after the first time. */
const MAX_ATTEMPTS = 3;
const BACKOFF = 50;
const MAX_BACKOFF = 5000;

/** What a {@link Supervisor} tells its pool. */
export interface SupervisorOwner extends Omit<PoolWorkerOwner, 'onEnd'> {
  onStart(worker: PoolWorker): void;
  /** A worker is gone, and these are the tasks it leaves. */
  onEnd(worker: PoolWorker, ending: Ending): void;
  /** No process can be started. */
  onGivenUp(error: InitializerError): void;
  /** The last process is gone, and no other will come. */
  onEmpty(): void;
}

/** The place of one process in the pool, and who has it. */
interface Slot {
  readonly queueId: QueueId;
  worker: PoolWorker | undefined;
  /** The one before, whose last tasks still run. */
  draining: PoolWorker | undefined;
  /** Processes in a row that ended before they had answered a task. */
  attempts: number;
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
  readonly #owner: SupervisorOwner;
  readonly #options: ReadPoolOptions;
  readonly #start: StartOptions;
  readonly #workerOwner: PoolWorkerOwner;
  readonly #slots: Slot[];
  readonly #waiting = new Set<{ resolve(): void; reject(error: unknown): void }>();
  #state: 'running' | 'draining' | 'terminated' = 'running';
  #givenUp: InitializerError | undefined;

  constructor(options: ReadPoolOptions, queueIds: readonly QueueId[], owner: SupervisorOwner) {
    this.#owner = owner;
    this.#options = options;
    this.#start = createStartOptions(options);
    this.#workerOwner = {
      ...owner,
      onReady: (worker) => this.#onReady(worker),
      onEnd: (worker, ending) => this.#onEnd(worker, ending),
    };
    this.#slots = Array.from({ length: options.processes }, (_, index) => ({
      queueId: queueIds[index % queueIds.length] as QueueId,
      worker: undefined,
      draining: undefined,
      attempts: 0,
      timer: undefined,
      error: undefined,
    }));
  }

  start(): void {
    for (const slot of this.#slots) this.#fill(slot);
  }

  get workers(): PoolWorker[] {
    return this.#slots.flatMap(({ worker, draining }) => [worker, draining].filter((each) => each !== undefined));
  }

  /** Fills places that were given up: there is new work. */
  revive(): void {
    if (this.#givenUp === undefined) return;
    this.#givenUp = undefined;
    for (const slot of this.#slots) {
      if (slot.worker !== undefined || slot.timer !== undefined) continue;
      slot.attempts = 0;
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
    return this.#slots.every(({ worker }) => worker !== undefined && worker.state !== 'booting');
  }

  /** A worker was sent the last task it may run: another takes over. */
  replace(worker: PoolWorker): void {
    const slot = this.#slots.find((each) => each.worker === worker);
    // At most one predecessor: the next in line waits until it is gone.
    if (slot === undefined || slot.draining !== undefined) return;
    slot.draining = worker;
    slot.worker = undefined;
    worker.drain();
    this.#fill(slot);
  }

  /** Lets every process finish what it has, and exit. */
  drain(): void {
    if (this.#state !== 'running') return;
    this.#state = 'draining';
    for (const slot of this.#slots) this.#cancelTimer(slot);
    for (const worker of this.workers) worker.drain();
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

  #fill(slot: Slot): void {
    const worker = new PoolWorker(this.#workerOwner, slot.queueId, this.#options, this.#start);
    worker.predecessor = slot.draining;
    slot.worker = worker;
    this.#owner.onStart(worker);
  }

  #onReady(worker: PoolWorker): void {
    if (this.#isReady) this.#settleWaiting((waiter) => waiter.resolve());
    this.#owner.onReady(worker);
  }

  #onEnd(worker: PoolWorker, ending: Ending): void {
    const slot = this.#slots.find((each) => each.worker === worker || each.draining === worker);
    // One whose start failed was never given a place.
    if (slot === undefined) return;
    const untouched: Task[] = ending.untouched;
    if (slot.draining === worker) {
      slot.draining = undefined;
      if (slot.worker !== undefined) slot.worker.predecessor = undefined;
    } else slot.worker = undefined;
    this.#owner.onEnd(worker, { ...ending, untouched });
    if (this.#state !== 'running') return this.#checkEmpty();
    if (slot.worker === undefined) this.#refill(slot, worker, ending);
    else if (slot.worker.exhausted) this.replace(slot.worker);
  }

  /** One that was ended by its task has done what it could, and is no sign that the next will fail. */
  #refill(slot: Slot, worker: PoolWorker, { exit, cause, begun }: Ending): void {
    const useful = worker.done + worker.failed + begun.length > 0;
    slot.attempts = useful ? 0 : slot.attempts + 1;
    if (useful) return this.#fill(slot);
    const killed = exit.signal !== null;
    slot.error = cause ?? new Error(`process ${worker.pid} exited with code ${exit.exitCode} before it was ready`);
    if (!killed && slot.attempts >= MAX_ATTEMPTS) return this.#giveUp(slot);
    slot.timer = setTimeout(
      () => {
        slot.timer = undefined;
        this.#fill(slot);
      },
      Math.min(BACKOFF * 2 ** (slot.attempts - 1), MAX_BACKOFF),
    ).unref();
  }

  #giveUp(slot: Slot): void {
    const error = new InitializerError(
      `${this.#options.name}: a process could not be made ready in ${MAX_ATTEMPTS} attempts`,
      { cause: slot.error },
    );
    this.#givenUp = error;
    this.#settleWaiting((waiter) => waiter.reject(error));
    const hopeless = this.#slots.every(({ worker, draining, timer }) => !worker && !draining && timer === undefined);
    if (hopeless) this.#owner.onGivenUp(error);
  }

  #settleWaiting(settle: (waiter: { resolve(): void; reject(error: unknown): void }) => void): void {
    for (const waiter of this.#waiting) settle(waiter);
    this.#waiting.clear();
  }

  #checkEmpty(): void {
    if (this.workers.length === 0) this.#owner.onEmpty();
  }
}
