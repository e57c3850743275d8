import type { PoolMap } from '../../pool/map/pool-map.js';
import { MapRotation } from '../../pool/queue/map-rotation.js';
import { TaskQueue } from '../../pool/queue/task-queue.js';
import type { AnyFunction } from '../../pool/task/job.js';
import type { Task } from '../../pool/task/task.js';
import { Chunk } from './chunk.js';

/** The number of tasks for a chunk of a function of which this many tasks are left, so far as that is known. */
export type GetChunkSize = (fn: AnyFunction, remaining: number) => number;

/** Queued tasks, and maps with further items. Hands them out in chunks, by priority. */
export class ChunkQueue {
  readonly #getSize: GetChunkSize;
  readonly #onTask: (task: Task) => void;
  readonly #calls = new TaskQueue();
  readonly #maps = new MapRotation();
  /** Chunks that wait for further items of their map. */
  readonly #partial = new Map<PoolMap<unknown>, Chunk>();
  /** Chunks of maps without further items. */
  readonly #complete: Chunk[] = [];
  /** Tasks to send again. They come first. */
  readonly #returned: { task: Task; alone: boolean }[] = [];

  /** @param onTask - called once for every task. */
  constructor(getSize: GetChunkSize, onTask: (task: Task) => void) {
    this.#getSize = getSize;
    this.#onTask = onTask;
  }

  get queued(): number {
    const chunks = [...this.#complete, ...this.#partial.values()];
    return chunks.reduce((sum, { tasks }) => sum + tasks.size, this.#calls.size + this.#returned.length);
  }

  /** How many tasks will be sent, as far as that is known: a stream may have further items. */
  get unsent(): number {
    const remaining = this.#maps.list().map((map) => map.remaining);
    return remaining.filter(Number.isFinite).reduce((sum, items) => sum + items, this.queued);
  }

  /** Whether a chunk waits for further items. */
  get hasPartial(): boolean {
    return this.#partial.size > 0;
  }

  addCall(task: Task): void {
    this.#onTask(task);
    this.#calls.push(task);
  }

  addMap(map: PoolMap<unknown>): void {
    this.#maps.add(map);
  }

  /** Called when a map has no further items. */
  removeMap(map: PoolMap<unknown>): void {
    this.#maps.remove(map);
    const partial = this.#partial.get(map);
    this.#partial.delete(map);
    if (partial !== undefined) this.#complete.push(partial);
  }

  /** @param alone - whether to send each task in its own chunk. */
  putBack(tasks: readonly Task[], alone: boolean): void {
    for (const task of tasks) this.#returned.push({ task, alone });
  }

  /** Takes out all tasks for which `isWanted` holds, with the others of their chunks. */
  cancel(isWanted: (task: Task) => boolean): Task[] {
    const returned = this.#returned.splice(0);
    this.#returned.push(...returned.filter(({ task }) => !isWanted(task)));
    for (const [map, chunk] of this.#partial) if (chunk.some(isWanted)) this.removeMap(map);
    const complete = this.#complete.splice(0);
    this.#complete.push(...complete.filter((chunk) => !chunk.some(isWanted)));
    return [
      ...this.#calls.cancel(isWanted),
      ...returned.map(({ task }) => task).filter(isWanted),
      ...complete.filter((chunk) => chunk.some(isWanted)).flatMap(({ tasks }) => [...tasks.values()]),
    ];
  }

  /**
   * The next chunk; `undefined` if there is none at the moment.
   *
   * @param mayWait - whether a partial chunk may wait for further items, because the hosts have enough work.
   */
  next(createId: () => string, mayWait: boolean): Chunk | undefined {
    return (
      this.#nextReturned(createId) ??
      this.#complete.shift() ??
      this.#nextOfMaps(createId, this.#calls.priority, mayWait) ??
      this.#nextCalls(createId)
    );
  }

  #nextReturned(createId: () => string): Chunk | undefined {
    const first = this.#returned.shift();
    if (first === undefined) return undefined;
    const chunk = new Chunk(createId(), first.task, true);
    const size = first.alone ? 1 : this.#getSize(first.task.job.fn, this.#returned.length + 1);
    for (let next = this.#returned[0]; next !== undefined && chunk.tasks.size < size; next = this.#returned[0]) {
      if (next.alone || !chunk.accepts(next.task)) break;
      chunk.add(next.task);
      this.#returned.shift();
    }
    return chunk;
  }

  #nextCalls(createId: () => string): Chunk | undefined {
    const first = this.#calls.shift();
    if (first === undefined) return undefined;
    const chunk = new Chunk(createId(), first, true);
    const size = this.#getSize(first.job.fn, this.#calls.size + 1);
    while (chunk.tasks.size < size) {
      const next = this.#calls.shift();
      if (next === undefined) break;
      if (!chunk.accepts(next)) {
        this.#calls.putBack([next]);
        break;
      }
      chunk.add(next);
    }
    return chunk;
  }

  /** @param above - the priority of the next call; only maps of a higher priority come before it. */
  #nextOfMaps(createId: () => string, above: number, mayWait: boolean): Chunk | undefined {
    for (const map of this.#maps.list()) {
      if (map.priority <= above) return undefined;
      const chunk = this.#partial.get(map) ?? this.#begin(map, createId);
      if (chunk === undefined) continue;
      this.#partial.delete(map);
      if (!this.#fill(chunk, map) && mayWait && !map.ended) {
        this.#partial.set(map, chunk);
        continue;
      }
      this.#maps.passTurn(map);
      return chunk;
    }
    return undefined;
  }

  #begin(map: PoolMap<unknown>, createId: () => string): Chunk | undefined {
    const first = this.#createTask(map);
    return first === undefined ? undefined : new Chunk(createId(), first, false);
  }

  #fill(chunk: Chunk, map: PoolMap<unknown>): boolean {
    const size = this.#getSize(chunk.job.fn, map.remaining + chunk.tasks.size);
    while (chunk.tasks.size < size) {
      const next = this.#createTask(map);
      if (next === undefined) return false;
      chunk.add(next);
    }
    return true;
  }

  #createTask(map: PoolMap<unknown>): Task | undefined {
    const task = map.createTask();
    if (task !== undefined) this.#onTask(task);
    return task;
  }
}
