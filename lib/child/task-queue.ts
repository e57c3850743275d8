import type { TaskRun } from '../ipc/messages.js';

/** The tasks that a child has and has not started, in the order in which they came. */
export class TaskQueue {
  #runs: TaskRun[] = [];
  /** The place of the next task: its run, and where in the run. */
  #head = 0;
  #at = 0;

  push(run: TaskRun): void {
    this.#runs.push(run);
  }

  /** The function of the next task, if there is one. */
  get address(): number | undefined {
    return this.#runs[this.#head]?.[2];
  }

  /** The next task. */
  get id(): number {
    return (this.#runs[this.#head] as TaskRun)[1] + this.#at;
  }

  /** Takes the next task out. @returns its arguments. */
  shift(): readonly unknown[] {
    const argLists = (this.#runs[this.#head] as TaskRun)[3];
    const args = argLists[this.#at++] as readonly unknown[];
    if (this.#at === argLists.length) this.#endRun();
    return args;
  }

  /** Forgets all tasks that have not started. */
  clear(): void {
    this.#runs = [];
    this.#head = 0;
    this.#at = 0;
  }

  has(id: number): boolean {
    return this.#runs.slice(this.#head).some(([, firstId, , argLists], index) => {
      const first = index === 0 ? firstId + this.#at : firstId;
      return id >= first && id < firstId + argLists.length;
    });
  }

  #endRun(): void {
    this.#at = 0;
    // A queue that is never empty must let go of what has left it, too.
    if (++this.#head * 2 < this.#runs.length) return;
    this.#runs.splice(0, this.#head);
    this.#head = 0;
  }
}
