import type { Task } from '../../pool/task/task.js';
import type { Chunk } from './chunk.js';
import { ResultSizes } from './result-sizes.js';
import { SendWindow } from './send-window.js';

interface Sent {
  chunk: Chunk;
  /** The shard that it was sent through. */
  shard: number;
  /** The size of its arguments, in bytes. */
  size: number;
  /** Whether the last check did not find it in the datastore. */
  wasMissing: boolean;
}

/** The chunks that were sent and have unsettled tasks, and the window that limits them. */
export class ChunksInFlight {
  readonly #sent = new Map<string, Sent>();
  /** The number of chunks, by shard. */
  readonly #counts = new Map<number, number>();
  /** By task id. */
  readonly #chunkOf = new Map<number, Chunk>();
  readonly #maxBytes: number;
  readonly #results: ResultSizes;
  #window = new SendWindow();

  /** @param maxBytes - how much memory of the datastore the chunks may take, and their results. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#results = new ResultSizes(maxBytes);
  }

  get window(): Pick<SendWindow, 'hosts' | 'slots' | 'isBusy' | 'see'> {
    return this.#window;
  }

  get results(): Pick<ResultSizes, 'learn' | 'maxTasks'> {
    return this.#results;
  }

  /** Whether another chunk may be sent. */
  get hasRoom(): boolean {
    return this.#window.hasRoom && this.#window.bytes + this.#results.expected < this.#maxBytes;
  }

  /** The number of unsettled tasks. */
  get tasks(): number {
    return this.#chunkOf.size;
  }

  /** The chunks that were sent through a shard. */
  idsOf(shard: number): string[] {
    return [...this.#sent.keys()].filter((id) => this.#sent.get(id)?.shard === shard);
  }

  /** How many chunks were sent through a shard. */
  count(shard: number): number {
    return this.#counts.get(shard) ?? 0;
  }

  get(id: string): Chunk | undefined {
    return this.#sent.get(id)?.chunk;
  }

  add(chunk: Chunk, size: number, shard: number): void {
    for (const id of chunk.tasks.keys()) this.#chunkOf.set(id, chunk);
    this.#sent.set(chunk.id, { chunk, shard, size, wasMissing: false });
    this.#counts.set(shard, this.count(shard) + 1);
    this.#window.add(chunk.tasks.size, size);
    this.#results.add(chunk.job.fn, chunk.tasks.size);
  }

  /** An unsettled task. */
  peek(id: number): Task | undefined {
    return this.#chunkOf.get(id)?.tasks.get(id);
  }

  /** Removes a task that settles. `undefined` if it settled before: hosts may have run it twice. */
  take(id: number): Task | undefined {
    const chunk = this.#chunkOf.get(id);
    const task = chunk?.tasks.get(id);
    if (chunk !== undefined && task !== undefined) this.#settle(chunk, id);
    return task;
  }

  /** Removes tasks that a host has returned. @returns those of them that are unsettled. */
  takeTasks(ids: readonly number[]): Task[] {
    return ids.map((id) => this.take(id)).filter((task) => task !== undefined);
  }

  /** Removes a chunk. @returns its unsettled tasks. */
  takeChunk(id: string): Task[] {
    const chunk = this.get(id);
    if (chunk === undefined) return [];
    const tasks = [...chunk.tasks.values()];
    for (const task of tasks) this.#settle(chunk, task.id);
    return tasks;
  }

  /** The ids of the chunks with a matching task, by shard. */
  find(isWanted: (task: Task) => boolean): Map<number, string[]> {
    const found = new Map<number, string[]>();
    for (const [id, { chunk, shard }] of this.#sent) {
      if (chunk.some(isWanted)) found.set(shard, [...(found.get(shard) ?? []), id]);
    }
    return found;
  }

  /** Records which chunks a shard does not contain. @returns those that were missing in two checks in a row. */
  noteMissing(shard: number, missing: Pick<ReadonlySet<string>, 'has'>): string[] {
    const lost: string[] = [];
    for (const [id, sent] of this.#sent) {
      if (sent.shard !== shard) continue;
      // One miss is not a loss: the chunk may have ended, with its results on the way.
      if (missing.has(id) && sent.wasMissing) lost.push(id);
      sent.wasMissing = missing.has(id);
    }
    return lost;
  }

  /**
   * Removes all chunks of a shard. If there were no others, also forgets the hosts, which have dropped them.
   *
   * @returns the tasks of each chunk.
   */
  takeAll(shard: number): Task[][] {
    const tasks = this.idsOf(shard).map((id) => this.takeChunk(id));
    if (this.#sent.size === 0) this.#window = new SendWindow();
    return tasks;
  }

  #settle(chunk: Chunk, id: number): void {
    chunk.tasks.delete(id);
    this.#chunkOf.delete(id);
    this.#window.removeTask();
    this.#results.remove(chunk.job.fn);
    if (chunk.tasks.size > 0) return;
    const sent = this.#sent.get(chunk.id);
    this.#sent.delete(chunk.id);
    if (sent === undefined) return;
    this.#counts.set(sent.shard, this.count(sent.shard) - 1);
    this.#window.remove(sent.size);
  }
}
