import { describeArguments } from './describe.js';
import type { EndedInfo } from './events.js';

/** How many are kept. */
const COUNT = 10;

/** One of the tasks that took longest. */
export interface SlowTask {
  id: number;
  /** The name of the function. */
  task: string;
  /** Its arguments as a text of at most 200 characters. */
  args: string;
  attempt: number;
  place: number;
  pid: number | undefined;
  /** In milliseconds. */
  runTime: number;
}

/** The ten tasks that took longest. */
export class Slowest {
  /** The longest first. */
  #tasks: SlowTask[] = [];

  add({ id, task, args, attempt, place, pid, runTime }: EndedInfo): void {
    const last = this.#tasks[COUNT - 1];
    if (last !== undefined && last.runTime >= runTime) return;
    this.#tasks.push({ id, task, args: describeArguments(args), attempt, place, pid, runTime });
    this.#tasks.sort((one, other) => other.runTime - one.runTime);
    this.#tasks.length = Math.min(this.#tasks.length, COUNT);
  }

  read(): SlowTask[] {
    return this.#tasks.map((task) => ({ ...task }));
  }
}
