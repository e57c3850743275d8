import type { PoolMap } from '../pool/pool-map.js';
import { RequestQueue } from '../pool/request-queue.js';
import type { Task } from '../pool/task.js';
import { Chunk } from './chunk.js';
import type { ChunkSizes } from './chunk-size.js';

/** Tasks that were asked for, and maps that have more; hands them out by the chunk, those of a higher priority first. */
export class ChunkSource {
  readonly #sizes: ChunkSizes;
  readonly #onTask: (task: Task) => void;
  readonly #calls = new RequestQueue();
  /** In falling order of priority; of those that have the same, the next in turn first. */
  #maps: PoolMap<unknown>[] = [];
  /** Chunks that wait for more items of their map, which come one by one; and those that wait for none any more. */
  readonly #partial = new Map<PoolMap<unknown>, Chunk>();
  readonly #complete: Chunk[] = [];
  /** Tasks that must run again. They come first. */
  readonly #returned: { task: Task; alone: boolean }[] = [];

  /** @param onTask - is told of every task that it has not had before. */
  constructor(sizes: ChunkSizes, onTask: (task: Task) => void) {
    this.#sizes = sizes;
    this.#onTask = onTask;
  }

  get queued(): number {
    const chunks = [...this.#complete, ...this.#partial.values()];
    return chunks.reduce((sum, { tasks }) => sum + tasks.size, this.#calls.size + this.#returned.length);
  }

  /** Whether a chunk waits for more items. */
  get hasPartial(): boolean {
    return this.#partial.size > 0;
  }

  addCall(task: Task): void {
    this.#onTask(task);
    this.#calls.push(task);
  }

  addMap(map: PoolMap<unknown>): void {
    const behind = this.#maps.findIndex(({ priority }) => priority < map.priority);
    this.#maps.splice(behind === -1 ? this.#maps.length : behind, 0, map);
  }

  /** It has no more items. */
  removeMap(map: PoolMap<unknown>): void {
    this.#maps = this.#maps.filter((other) => other !== map);
    const partial = this.#partial.get(map);
    this.#partial.delete(map);
    if (partial !== undefined) this.#complete.push(partial);
  }

  /** @param alone - each in a chunk of its own. */
  giveBack(tasks: readonly Task[], alone: boolean): void {
    for (const task of tasks) this.#returned.push({ task, alone });
  }

  /** Takes out all tasks that `isWanted` names. */
  remove(isWanted: (task: Task) => boolean): Task[] {
    const returned = this.#returned.splice(0);
    this.#returned.push(...returned.filter(({ task }) => !isWanted(task)));
    for (const [map, chunk] of this.#partial) if (chunk.some(isWanted)) this.removeMap(map);
    const complete = this.#complete.splice(0);
    this.#complete.push(...complete.filter((chunk) => !chunk.some(isWanted)));
    return [
      ...this.#calls.remove(isWanted),
      ...returned.map(({ task }) => task).filter(isWanted),
      ...complete.filter((chunk) => chunk.some(isWanted)).flatMap(({ tasks }) => [...tasks.values()]),
    ];
  }

  /**
   * The next chunk; nothing if there is no task at this moment.
   *
   * @param mayWait - whether there is enough to do to wait for the rest of a chunk.
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
    const size = first.alone ? 1 : this.#sizes.get(first.task.job.fn);
    for (let next = this.#returned[0]; next !== undefined && chunk.tasks.size < size; next = this.#returned[0]) {
      if (next.alone || !chunk.takes(next.task)) break;
      chunk.add(next.task);
      this.#returned.shift();
    }
    return chunk;
  }

  #nextCalls(createId: () => string): Chunk | undefined {
    const first = this.#calls.shift();
    if (first === undefined) return undefined;
    const chunk = new Chunk(createId(), first, true);
    const size = this.#sizes.get(first.job.fn);
    while (chunk.tasks.size < size) {
      const next = this.#calls.shift();
      if (next === undefined) break;
      if (!chunk.takes(next)) {
        this.#calls.putBack([next]);
        break;
      }
      chunk.add(next);
    }
    return chunk;
  }

  /** @param above - only of maps that come before calls of this priority. */
  #nextOfMaps(createId: () => string, above: number, mayWait: boolean): Chunk | undefined {
    for (const map of [...this.#maps]) {
      if (map.priority <= above) return undefined;
      const chunk = this.#partial.get(map) ?? this.#begin(map, createId);
      if (chunk === undefined) continue;
      this.#partial.delete(map);
      if (!this.#fill(chunk, map) && mayWait && !map.ended) {
        this.#partial.set(map, chunk);
        continue;
      }
      if (!map.ended) this.#passTurn(map);
      return chunk;
    }
    return undefined;
  }

  #begin(map: PoolMap<unknown>, createId: () => string): Chunk | undefined {
    const first = this.#createTask(map);
    return first === undefined ? undefined : new Chunk(createId(), first, false);
  }

  #fill(chunk: Chunk, map: PoolMap<unknown>): boolean {
    const size = this.#sizes.get(chunk.job.fn);
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

  #passTurn(map: PoolMap<unknown>): void {
    this.#maps.splice(this.#maps.indexOf(map), 1);
    this.addMap(map);
  }
}
