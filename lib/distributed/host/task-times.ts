import { performance } from '../../util/clock.js';

/**
 * Measures the time that a task occupies a slot of the host, in milliseconds.
 *
 * While more tasks are there than slots, the tasks share the slots: its clock runs more slowly by this factor, so the time
 * that a task waits for a slot does not count. While fewer are there, a task takes no longer because other slots are free.
 */
export class TaskTimes {
  readonly #slots: number;
  #running = 0;
  #clock = 0;
  #readAt = performance.now();

  constructor(slots: number) {
    this.#slots = slots;
  }

  /** The tasks that have begun and not ended. */
  get running(): number {
    return this.#running;
  }

  /** Its clock, in milliseconds. It stands still while no task is there. */
  get clock(): number {
    this.#advance();
    return this.#clock;
  }

  /** @returns the clock for {@link end}. */
  begin(tasks: number): number {
    this.#advance();
    this.#running += tasks;
    return this.#clock;
  }

  /** @returns how long the task has occupied a slot. */
  end(begun: number): number {
    this.#advance();
    this.#running--;
    return this.#clock - begun;
  }

  #advance(): void {
    const now = performance.now();
    const time = now - this.#readAt;
    this.#readAt = now;
    if (this.#running === 0) return;
    this.#clock += (time * Math.min(this.#running, this.#slots)) / this.#running;
  }
}
