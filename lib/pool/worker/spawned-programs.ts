import { findChild, findDescendants, isAlive, killTrees, type ProcessId } from '../../process/process-tree.js';

/** After this many programs the list is reviewed, and drops those that have exited. */
const FIRST_REVIEW = 64;

/** The programs that the tasks of one child have started. */
export class SpawnedPrograms {
  #known: ProcessId[] = [];
  #reviewAt = FIRST_REVIEW;

  /** The child reports that it has started a program. Its word is checked: it could name any process. */
  add(parent: number | undefined, pid: number): void {
    const child = parent === undefined ? undefined : findChild(parent, pid);
    if (child === undefined) return;
    this.#known.push(child);
    if (this.#known.length < this.#reviewAt) return;
    this.#known = this.#known.filter(isAlive);
    this.#reviewAt = Math.max(2 * this.#known.length, FIRST_REVIEW);
  }

  /** Adds all descendants of a child that is about to end: after its end they have another parent. */
  findBelow(pid: number | undefined): void {
    if (pid !== undefined) this.#known.push(...findDescendants(pid));
  }

  kill(): void {
    killTrees(this.#known);
  }
}
