import { performance } from '../util/clock.js';
import type { ReadyInfo } from './events.js';

/** Where the time of processes went, in milliseconds. The parts add up to the time that the processes lived. */
export interface TimeShares {
  /** From the start of a process to that of its initializers. */
  startUp: number;
  /** In its initializers. */
  init: number;
  /** With one task or more. */
  working: number;
  /** Without a task while the pool had work: other processes had it, or its items were not there yet. */
  waiting: number;
  /** Without a task while the pool had no work either. */
  idle: number;
}

/** What one process does at present. */
interface Life {
  state: keyof TimeShares;
  since: number;
  running: number;
}

/** Adds up where the time went in one place of a pool: that of the processes that were there, two at a time at most. */
export class ProcessClock {
  /** Tasks that have run. */
  tasks = 0;
  readonly #shares: TimeShares = { startUp: 0, init: 0, working: 0, waiting: 0, idle: 0 };
  readonly #lives = new Map<number | undefined, Life>();

  start(pid: number | undefined): void {
    this.#lives.set(pid, { state: 'startUp', since: performance.now(), running: 0 });
  }

  onReady({ pid, startUpTime, initTime }: ReadyInfo, hasWork: boolean): void {
    this.#shares.startUp += startUpTime;
    this.#shares.init += initTime;
    this.#lives.set(pid, { state: hasWork ? 'waiting' : 'idle', since: performance.now(), running: 0 });
  }

  onTaskStarted(pid: number | undefined): void {
    const life = this.#lives.get(pid);
    if (life !== undefined && life.running++ === 0) this.#enter(life, 'working');
  }

  onTaskEnded(pid: number | undefined, hasWork: boolean): void {
    this.tasks++;
    const life = this.#lives.get(pid);
    if (life !== undefined && --life.running === 0) this.#enter(life, hasWork ? 'waiting' : 'idle');
  }

  /** The pool has work now, or has no more. */
  review(hasWork: boolean): void {
    for (const life of this.#lives.values()) {
      if (life.state === 'waiting' || life.state === 'idle') this.#enter(life, hasWork ? 'waiting' : 'idle');
    }
  }

  end(pid: number | undefined): void {
    const life = this.#lives.get(pid);
    if (life !== undefined) this.#enter(life, life.state);
    this.#lives.delete(pid);
  }

  read(): TimeShares {
    for (const life of this.#lives.values()) if (life.state !== 'startUp') this.#enter(life, life.state);
    const shares = { ...this.#shares };
    // What a process takes to start is told when it is ready.
    for (const { state, since } of this.#lives.values()) shares[state] += performance.now() - since;
    return shares;
  }

  #enter(life: Life, state: keyof TimeShares): void {
    const now = performance.now();
    this.#shares[life.state] += now - life.since;
    life.state = state;
    life.since = now;
  }
}
