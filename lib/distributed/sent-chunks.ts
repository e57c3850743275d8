import type { Task } from '../pool/task.js';
import type { Chunk } from './chunk.js';
import { Window } from './window.js';

interface Sent {
  chunk: Chunk;
  /** How many bytes its arguments take. */
  size: number;
  /** Whether it was missing when it was last looked for. */
  missed: boolean;
}

/** The chunks that are on their way, their tasks that are not answered, and how many more may follow. */
export class SentChunks {
  readonly #sent = new Map<string, Sent>();
  /** By the ids of their tasks. */
  readonly #chunkOf = new Map<number, Chunk>();
  #window = new Window();

  get window(): Pick<Window, 'hosts' | 'hasRoom' | 'isBusy' | 'see'> {
    return this.#window;
  }

  /** How many tasks are not answered. */
  get tasks(): number {
    return this.#chunkOf.size;
  }

  get ids(): string[] {
    return [...this.#sent.keys()];
  }

  get(id: string): Chunk | undefined {
    return this.#sent.get(id)?.chunk;
  }

  add(chunk: Chunk, size: number): void {
    for (const id of chunk.tasks.keys()) this.#chunkOf.set(id, chunk);
    this.#sent.set(chunk.id, { chunk, size, missed: false });
    this.#window.add(chunk.tasks.size, size);
  }

  /** A task whose caller still waits. */
  peek(id: number): Task | undefined {
    return this.#chunkOf.get(id)?.tasks.get(id);
  }

  /** A task that is answered. Nothing if it was answered before: hosts may have run it twice. */
  take(id: number): Task | undefined {
    const chunk = this.#chunkOf.get(id);
    const task = chunk?.tasks.get(id);
    if (chunk !== undefined && task !== undefined) this.#forget(chunk, id);
    return task;
  }

  /** All that is not answered of a chunk, if there is such a chunk. */
  takeChunk(id: string): Task[] {
    const chunk = this.get(id);
    if (chunk === undefined) return [];
    const tasks = [...chunk.tasks.values()];
    for (const task of tasks) this.#forget(chunk, task.id);
    return tasks;
  }

  /** The ids of the chunks with a task that `isWanted` names. */
  find(isWanted: (task: Task) => boolean): string[] {
    return this.ids.filter((id) => this.get(id)?.some(isWanted));
  }

  /** Notes which chunks the datastore does not have. @returns those that it did not have the last time either. */
  noteMissing(missing: Pick<ReadonlySet<string>, 'has'>): string[] {
    const lost: string[] = [];
    for (const [id, sent] of this.#sent) {
      // The results of a chunk that has just ended may be on their way.
      if (missing.has(id) && sent.missed) lost.push(id);
      sent.missed = missing.has(id);
    }
    return lost;
  }

  /** The hosts have dropped everything, and have to be found again. @returns the tasks of each chunk. */
  takeAll(): Task[][] {
    const tasks = this.ids.map((id) => this.takeChunk(id));
    this.#window = new Window();
    return tasks;
  }

  #forget(chunk: Chunk, id: number): void {
    chunk.tasks.delete(id);
    this.#chunkOf.delete(id);
    this.#window.removeTask();
    if (chunk.tasks.size > 0) return;
    const sent = this.#sent.get(chunk.id);
    this.#sent.delete(chunk.id);
    if (sent !== undefined) this.#window.remove(sent.size);
  }
}
