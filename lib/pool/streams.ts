import type { Job } from './job.js';
import type { Ledger } from './ledger.js';
import { Standstill } from './standstill.js';
import { StreamTask } from './stream-task.js';

/** The streams of a pool that were begun and whose generators have not ended. */
export class Streams {
  readonly #ledger: Ledger;
  readonly #open = new Set<StreamTask>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  start(id: number, job: Job, args: readonly unknown[]): StreamTask {
    const task: StreamTask = new StreamTask(id, job, args, {
      standstill: new Standstill(this.#ledger),
      onEnd: () => this.#open.delete(task),
    });
    this.#open.add(task);
    return task;
  }

  /** Nobody may be there to take the items that set the pace of a stream: lets it go on all the same. */
  ignorePace(): void {
    for (const task of this.#open) task.ignorePace();
  }
}
