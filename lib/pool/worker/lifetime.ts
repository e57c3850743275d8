import type { RecycleReason } from '../../observe/events.js';
import { clearTimeout, setTimeout } from '../../util/clock.js';
import type { ReadPoolOptions } from '../options/pool-options.js';

/** What a {@link Lifetime} reports. */
export interface LifetimeOwner {
  /** The child should be replaced while it still runs. */
  onWorn(reason: RecycleReason): void;
  /** The child has had nothing to do for `idleTimeout`. */
  onIdle(): void;
}

/** The successor of a child is started when the child has run this part of its share of tasks. */
const WORN = 0.75;

/** Decides when a child should be replaced: it has run its share of tasks, grown too large or too old, or is idle. */
export class Lifetime {
  /** How many tasks the child may run. */
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

  /** @param sent - how many tasks the child was sent so far. */
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
