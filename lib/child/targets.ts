import type { Address } from '../functions/address/address.js';
import { load } from '../functions/load/load.js';
import type { Channel } from '../ipc/channel.js';
import { saveCompiledCode } from '../process/compile-cache.js';
import { AS_VIEWS, LOADED, LOADING, TIMED, type ToChild, type ToParent, WARMED } from '../protocol/messages.js';
import type { FunctionLoad } from './concurrency.js';

export type TaskFunction = (...args: readonly unknown[]) => unknown;

/** A function that tasks call. */
export interface Target {
  readonly id: number;
  readonly address: Address;
  /** Its tasks have a time limit, so the parent is told when each begins. */
  readonly isTimed: boolean;
  /** Whether the parent may keep views of what its tasks send. */
  readonly asViews: boolean;
  /** How its tasks use this process. */
  readonly load: FunctionLoad;
  /** How far its import is. */
  state: 'new' | 'announced' | 'loading';
  /** `undefined` until it is loaded; the error if it cannot be. */
  fn: TaskFunction | Error | undefined;
}

/** Called by {@link Targets}. */
export interface TargetsHandler {
  /** Writes what was posted. @returns whether the pipe has taken all of it. */
  write(): boolean;
  /** A function is loaded, or cannot be. */
  onLoaded(): void;
}

/** The functions that tasks call, and their import. */
export class Targets {
  readonly #channel: Channel<ToChild, ToParent>;
  readonly #handler: TargetsHandler;
  readonly #targets: Target[] = [];
  /** Those to import before a task needs them. */
  readonly #cold: Target[] = [];

  constructor(channel: Channel<ToChild, ToParent>, handler: TargetsHandler) {
    this.#channel = channel;
    this.#handler = handler;
  }

  /** @param ways - how it is called, as the bits of the protocol. */
  add(id: number, ways: number, address: Address, load: FunctionLoad): void {
    const isTimed = (ways & TIMED) !== 0;
    const asViews = (ways & AS_VIEWS) !== 0;
    this.#targets[id] = { id, address, isTimed, asViews, load, state: 'new', fn: undefined };
  }

  get(id: number): Target | undefined {
    return this.#targets[id];
  }

  /**
   * Imports the function of the next task only: a task that blocks the event loop must not count against the import of one
   * behind it. A module may block the loop as well, so the parent is told before.
   */
  load(target: Target): void {
    if (target.state === 'new') {
      target.state = 'announced';
      this.#channel.post([LOADING, target.id]);
    }
    if (target.state === 'announced' && this.#handler.write()) void this.#import(target);
  }

  /** Has a function imported by {@link loadCold}. */
  addCold(id: number): void {
    this.#cold.push(this.#targets[id] as Target);
  }

  /** Imports those that tasks will need, one after another, as {@link load} does. */
  loadCold(): void {
    for (let target = this.#cold[0]; target !== undefined; target = this.#cold[0]) {
      if (target.fn === undefined) return this.load(target);
      this.#cold.shift();
      this.#channel.postError([WARMED, target.id, target.fn instanceof Error ? target.fn : undefined]);
    }
  }

  /** Imports nothing further before a task needs it. */
  forgetCold(): void {
    this.#cold.length = 0;
  }

  async #import(target: Target): Promise<void> {
    target.state = 'loading';
    target.fn = await load(target.address).then(
      (fn) => fn as TaskFunction,
      (error: Error) => error,
    );
    saveCompiledCode();
    this.#channel.post([LOADED, target.id]);
    // Before a task that may be in a busy loop.
    this.#handler.write();
    this.#handler.onLoaded();
  }
}
