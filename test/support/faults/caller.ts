import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { DistributedPoolOptions } from 'aiomultiprocess/distributed';
import { fixtures } from '../hosts.ts';

const program = `${fixtures}distributed/programs/count-results.mjs`;

/** What a caller is to do. */
interface CallerOrder {
  options: DistributedPoolOptions;
  name: string;
  tasks: number;
  /** The time of a task. */
  milliseconds: number;
  /** Where each run of a task is noted. */
  file: string;
}

/** What a caller has counted. */
export interface CallerCounts {
  right: number;
  wrong: number;
  failed: number;
  twice: number;
  /** Whether every task has settled. */
  isOver?: boolean;
  /** Until the last result. */
  seconds?: number;
  errors?: string[];
}

/** A calling program in a process of its own, which counts its results. */
export class CallerProcess {
  counts: CallerCounts = { right: 0, wrong: 0, failed: 0, twice: 0 };
  readonly exited: Promise<number | string | null>;
  readonly #child: ChildProcess;
  readonly #tasks: number;
  #onCounts = () => {};

  constructor(order: CallerOrder, nodeArgs: readonly string[] = []) {
    this.#tasks = order.tasks;
    const args = [...nodeArgs, program, JSON.stringify(order)];
    this.#child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.exited = once(this.#child, 'exit').then(([code, signal]) => signal ?? code);
    createInterface({ input: this.#child.stdout as NonNullable<ChildProcess['stdout']> }).on('line', (line) => {
      this.counts = JSON.parse(line);
      this.#onCounts();
    });
  }

  /** Resolves when this part of its tasks has settled, or it has exited. */
  async reached(part: number): Promise<void> {
    const reached = new Promise<void>((resolve) => {
      this.#onCounts = () => {
        const { right, wrong, failed } = this.counts;
        if (right + wrong + failed >= part * this.#tasks) resolve();
      };
    });
    this.#onCounts();
    await Promise.race([reached, this.exited]);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}
