import type { Job } from '../pool/job.js';
import type { Task } from '../pool/task.js';
import { CHUNK_BYTES } from './messages.js';
import { checkSize, createEncoder, takeBody } from './payload.js';

/** Tasks on their way together. All have the same function and limits, and whoever cancels one cancels all. */
export class Chunk {
  readonly id: string;
  readonly job: Job;
  readonly group: object | undefined;
  /** Whether it is one call: those come before the items of maps. */
  readonly isCall: boolean;
  /** Those that are not answered, by id. */
  readonly tasks = new Map<number, Task>();

  constructor(id: string, first: Task, isCall: boolean) {
    this.id = id;
    this.job = first.job;
    this.group = first.group;
    this.isCall = isCall;
    this.add(first);
  }

  /** Whether a task may travel with the others. */
  takes({ job, group }: Task): boolean {
    if (group !== this.group) return false;
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

/** What becomes of the tasks of a chunk when it is written. */
export interface Written {
  body: string;
  /** How many bytes the arguments take. */
  size: number;
  /** Tasks whose arguments cannot travel. They are not in the chunk any more. */
  failed: [task: Task, error: unknown][];
  /** Tasks that would make it too large. Neither are they. */
  left: Task[];
}

/** Writes the tasks of a chunk, as many as fit. */
export function writeChunk(chunk: Chunk, maxValueSize: number): Written {
  const encoder = createEncoder();
  const failed: Written['failed'] = [];
  const left: Task[] = [];
  let size = 0;
  for (const task of chunk.tasks.values()) {
    if (size >= CHUNK_BYTES) {
      left.push(task);
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
      // What is too large is written already, and cannot be taken back.
      if (encoder.size !== size) return addFailed(writeChunk(chunk, maxValueSize), failed);
    }
  }
  return { body: takeBody(encoder), size, failed, left };
}

function addFailed(written: Written, failed: Written['failed']): Written {
  return { ...written, failed: [...failed, ...written.failed] };
}
