import { performance } from '../../util/clock.js';

/** How much may be in flight before any host is known: enough to discover the hosts. */
const FIRST_TASKS = 64;
const FIRST_CHUNKS = 4;
/** Per slot of a host: one task runs, one waits on the host, one waits in the queue. */
const TASKS_PER_SLOT = 3;
const CHUNKS_PER_HOST = 4;
/** A host that has not answered for this time, in milliseconds, may be gone. Its next answer adds it again. */
const MAX_SILENCE = 300_000;
/** Chunks in flight also occupy memory of the datastore. */
const MAX_BYTES = 64 * 1024 * 1024;

/** Limits what is in flight to a little more than keeps all known hosts busy. */
export class SendWindow {
  /** The most recently seen last. */
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

  /** Whether enough is in flight to keep the hosts busy for a moment. */
  get isBusy(): boolean {
    return this.#chunks >= Math.max(1, 2 * this.hosts);
  }

  /** Called when a host with this number of slots has answered. */
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

  /** Removes a chunk of this size, after {@link removeTask} for each of its tasks. */
  remove(bytes: number): void {
    this.#chunks--;
    this.#bytes -= bytes;
  }

  removeTask(): void {
    this.#tasks--;
  }
}
