import { summarizeArguments } from '../describe.js';
import type { EndedInfo } from '../events.js';

/** The number of tasks to keep. */
const COUNT = 10;

/**
 * One of the slowest tasks.
 *
 * @since 0.2.0
 */
export interface SlowTask {
  /** The id of the attempt, unique in the pool. */
  id: number;
  /** The name of the function. */
  task: string;
  /** A summary of its arguments, of at most 200 characters. */
  args: string;
  /** 1 for the first attempt. */
  attempt: number;
  /** The index of the seat of its process. */
  place: number;
  /** The process that ran it. */
  pid: number | undefined;
  /** In milliseconds. */
  runTime: number;
}

/** The ten slowest tasks. */
export class SlowestTasks {
  /** The slowest first. */
  #tasks: SlowTask[] = [];

  add({ id, task, args, attempt, place, pid, runTime }: EndedInfo): void {
    const last = this.#tasks[COUNT - 1];
    if (last !== undefined && last.runTime >= runTime) return;
    this.#tasks.push({ id, task, args: summarizeArguments(args), attempt, place, pid, runTime });
    this.#tasks.sort((one, other) => other.runTime - one.runTime);
    this.#tasks.length = Math.min(this.#tasks.length, COUNT);
  }

  read(): SlowTask[] {
    return this.#tasks.map((task) => ({ ...task }));
  }
}
