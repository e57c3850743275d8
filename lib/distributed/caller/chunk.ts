import type { Job } from '../../pool/task/job.js';
import type { Task } from '../../pool/task/task.js';
import { checkSize, createEncoder, takeBody } from '../wire/body.js';
import { CHUNK_BYTES } from '../wire/messages.js';

/** Tasks that are sent together. They have the same function and limits, and are cancelled together. */
export class Chunk {
  /** Ends with the number of its tasks once it is sent. */
  id: string;
  readonly job: Job;
  readonly group: object | undefined;
  /** Whether its tasks are calls, which come before items of maps. */
  readonly isCall: boolean;
  /** How often its tasks may have run before. */
  readonly runs: number;
  /** The tasks that have not settled, by id. */
  readonly tasks = new Map<number, Task>();

  constructor(id: string, first: Task, isCall: boolean) {
    this.id = id;
    this.job = first.job;
    this.group = first.group;
    this.isCall = isCall;
    this.runs = runsOf(first);
    this.add(first);
  }

  /** Whether a task can be sent in this chunk. */
  accepts(task: Task): boolean {
    const { job, group } = task;
    if (group !== this.group || runsOf(task) !== this.runs) return false;
    const { fn, timeout, retries, priority } = this.job;
    return job.fn === fn && job.timeout === timeout && job.retries === retries && job.priority === priority;
  }

  add(task: Task): void {
    this.tasks.set(task.id, task);
  }

  some(isWanted: (task: Task) => boolean): boolean {
    for (const task of this.tasks.values()) if (isWanted(task)) return true;
    return false;
  }
}

function runsOf({ origin }: Task): number {
  return origin?.runs ?? 0;
}

/** An encoded chunk, and the tasks that are not in it. */
export interface EncodedChunk {
  body: string;
  /** The size of the arguments, in bytes. */
  size: number;
  /** Tasks whose arguments cannot be serialized. They were removed from the chunk. */
  failed: [task: Task, error: unknown][];
  /** Tasks for which the chunk had no room. They were removed from it too. */
  excess: Task[];
}

/** Encodes the tasks of a chunk, as many as fit. */
export function encodeChunk(chunk: Chunk, maxValueSize: number): EncodedChunk {
  const encoder = createEncoder();
  const failed: EncodedChunk['failed'] = [];
  const excess: Task[] = [];
  let size = 0;
  for (const task of chunk.tasks.values()) {
    if (size >= CHUNK_BYTES) {
      excess.push(task);
      chunk.tasks.delete(task.id);
      continue;
    }
    try {
      encoder.addTask(task.id, 0, task.args);
      checkSize(encoder.size - size, maxValueSize, 'args');
      size = encoder.size;
    } catch (error) {
      chunk.tasks.delete(task.id);
      failed.push([task, error]);
      // The oversized value is already encoded: start again without its task.
      if (encoder.size !== size) return addFailed(encodeChunk(chunk, maxValueSize), failed);
    }
  }
  return { body: takeBody(encoder), size, failed, excess };
}

function addFailed(encoded: EncodedChunk, failed: EncodedChunk['failed']): EncodedChunk {
  return { ...encoded, failed: [...failed, ...encoded.failed] };
}
