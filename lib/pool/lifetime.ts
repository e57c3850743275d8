import type { RecycleReason } from '../observe/events.js';
import { clearTimeout, setTimeout } from '../util/clock.js';
import type { ReadPoolOptions } from './options.js';

/** What a {@link Lifetime} tells. */
export interface LifetimeOwner {
  /** The process should be replaced while it still runs. */
  onWorn(reason: RecycleReason): void;
  /** The process has had nothing to do for a while. */
  onIdle(): void;
}

/** Of its share of tasks, a process has run this much when the one that replaces it is started. */
const WORN = 0.75;

/** Says when a process has lived for long enough: it has run many tasks, grown large or old, or has nothing to do. */
export class Lifetime {
  /** How many tasks it may run. */
  readonly maxTasks: number;
  readonly #options: ReadPoolOptions;
  readonly #owner: LifetimeOwner;
  readonly #wornAt: number;
  #age: NodeJS.Timeout | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(options: ReadPoolOptions, owner: LifetimeOwner) {
    this.#options = options;
    this.#owner = owner;
    this.maxTasks = options.maxTasksPerChild === 0 ? Number.POSITIVE_INFINITY : options.maxTasksPerChild;
    this.#wornAt = Math.ceil(this.maxTasks * WORN);
  }

  onReady(): void {
    const { maxAge } = this.#options;
    if (maxAge > 0) this.#age = setTimeout(() => this.#owner.onWorn('maxAge'), maxAge).unref();
    this.onNothingToDo();
  }

  /** @param sent - how many tasks it was sent so far. */
  onSent(sent: number): void {
    if (sent === this.#wornAt && sent < this.maxTasks) this.#owner.onWorn('maxTasksPerChild');
    if (this.#idle !== undefined) this.#stopIdle();
  }

  /** @param bytes - its resident memory. */
  onMemory(bytes: number): void {
    const { maxMemoryPerChild } = this.#options;
    if (maxMemoryPerChild > 0 && bytes > maxMemoryPerChild) this.#owner.onWorn('maxMemoryPerChild');
  }

  onNothingToDo(): void {
    const { processes, minProcesses, idleTimeout } = this.#options;
    if (minProcesses === processes) return;
    this.#stopIdle();
    this.#idle = setTimeout(() => this.#owner.onIdle(), idleTimeout).unref();
  }

  end(): void {
    clearTimeout(this.#age);
    this.#stopIdle();
  }

  #stopIdle(): void {
    clearTimeout(this.#idle);
    this.#idle = undefined;
  }
}
