import { findChild, findDescendants, isAlive, killTrees, type ProcessId } from '../process-tree.js';

/** So many are noted before those that have ended are left out. */
const FIRST_REVIEW = 64;

/** The programs that the tasks of one process have started. */
export class Spawned {
  #known: ProcessId[] = [];
  #reviewAt = FIRST_REVIEW;

  /** The process says that it has started another. It is not trusted: with it, others could be ended. */
  add(parent: number | undefined, pid: number): void {
    const child = parent === undefined ? undefined : findChild(parent, pid);
    if (child === undefined) return;
    this.#known.push(child);
    if (this.#known.length < this.#reviewAt) return;
    this.#known = this.#known.filter(isAlive);
    this.#reviewAt = Math.max(2 * this.#known.length, FIRST_REVIEW);
  }

  /** Notes all there are below a process that is about to end: when it has ended, they have another parent. */
  findBelow(pid: number | undefined): void {
    if (pid !== undefined) this.#known.push(...findDescendants(pid));
  }

  kill(): void {
    killTrees(this.#known);
  }
}
