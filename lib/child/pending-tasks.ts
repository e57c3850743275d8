import type { TaskRun } from '../protocol/messages.js';

/** The tasks that a child has and has not started, in the order in which they came. */
export class PendingTasks {
  #runs: TaskRun[] = [];
  /** The position of the next task: its run, and where in the run. */
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

  /**
   * Takes out the last tasks.
   *
   * @param minLeft - how many stay at least.
   * @returns their ids, in the order in which they came.
   */
  takeLast(count: number, minLeft: number): number[] {
    const ids: number[] = [];
    let left = Math.min(count, this.size - minLeft);
    for (; left > 0; left--) {
      const [, firstId, , argLists] = this.#runs.at(-1) as TaskRun;
      argLists.pop();
      ids.push(firstId + argLists.length);
      const isEmpty = argLists.length === (this.#runs.length - 1 === this.#head ? this.#at : 0);
      if (!isEmpty) continue;
      this.#runs.pop();
      if (this.#runs.length === this.#head) this.clear();
    }
    return ids.reverse();
  }

  get size(): number {
    let size = -this.#at;
    for (let at = this.#head; at < this.#runs.length; at++) size += (this.#runs[at] as TaskRun)[3].length;
    return size;
  }

  /** Drops all tasks that have not started. */
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
    // A queue that is never empty must release its started tasks, too.
    if (++this.#head * 2 < this.#runs.length) return;
    this.#runs.splice(0, this.#head);
    this.#head = 0;
  }
}
