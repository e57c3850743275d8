import { performance } from '../util/clock.js';

/** How many tasks and chunks are on their way before any host is known: enough to find out who is there. */
const FIRST_TASKS = 64;
const FIRST_CHUNKS = 4;
/** For each slot of a host one task runs, one waits there and one in the queue. */
const TASKS_PER_SLOT = 3;
const CHUNKS_PER_HOST = 4;
/** A host that has not answered for so many milliseconds may be gone. One that only takes long is seen again. */
const MAX_SILENCE = 300_000;
/** What is on its way is also in the memory of the datastore. */
const MAX_BYTES = 64 * 1024 * 1024;

/** How much may be on its way: as much as keeps all hosts busy that have answered, and not much more. */
export class Window {
  /** Those that were seen last come last. */
  readonly #hosts = new Map<string, { slots: number; seenAt: number }>();
  #slots = 0;
  #tasks = 0;
  #chunks = 0;
  #bytes = 0;

  get hosts(): number {
    return this.#hosts.size;
  }

  get hasRoom(): boolean {
    if (this.#bytes >= MAX_BYTES) return false;
    return (
      this.#tasks < FIRST_TASKS + TASKS_PER_SLOT * this.#slots ||
      this.#chunks < FIRST_CHUNKS + CHUNKS_PER_HOST * this.hosts
    );
  }

  /** Whether there is enough on its way for the hosts to have something to do for a moment. */
  get isBusy(): boolean {
    return this.#chunks >= Math.max(1, 2 * this.hosts);
  }

  /** A host has answered that runs so many tasks at a time. */
  see(name: string, slots: number, now = performance.now()): void {
    this.#forget(name);
    this.#hosts.set(name, { slots, seenAt: now });
    this.#slots += slots;
    for (const [other, { seenAt }] of this.#hosts) {
      if (now - seenAt < MAX_SILENCE) break;
      this.#forget(other);
    }
  }

  #forget(name: string): void {
    this.#slots -= this.#hosts.get(name)?.slots ?? 0;
    this.#hosts.delete(name);
  }

  add(tasks: number, bytes: number): void {
    this.#tasks += tasks;
    this.#chunks++;
    this.#bytes += bytes;
  }

  /** A chunk of so many bytes is answered, whose tasks were given back one by one. */
  remove(bytes: number): void {
    this.#chunks--;
    this.#bytes -= bytes;
  }

  removeTask(): void {
    this.#tasks--;
  }
}
