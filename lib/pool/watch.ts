import { AsyncResource } from 'node:async_hooks';
import { processChannels, taskChannel } from '../observe/channels.js';
import { type PoolEmitter, type ProcessEvents, TASK_EVENTS } from '../observe/events.js';
import { callListener } from './call-listener.js';
import type { Caller } from './caller.js';
import { TaskWatcher } from './task-watcher.js';

/**
 * Knows whether anybody listens to what happens in a pool, and tells them.
 *
 * While nobody listens to tasks a task costs a look at {@link tasks}, and a call one at {@link wantsCallers}.
 */
export class Watch {
  /** Is told of every task, while somebody listens. */
  tasks: TaskWatcher | undefined;
  readonly #name: string;
  readonly #events: PoolEmitter;
  readonly #capture: (() => unknown) | undefined;
  readonly #onChange: () => void;
  #wantsCallers = false;

  /**
   * @param capture - takes from the context of a caller what its tasks should have.
   * @param onChange - {@link tasks} is there, or not there any more.
   */
  constructor(name: string, events: PoolEmitter, capture: (() => unknown) | undefined, onChange: () => void) {
    this.#name = name;
    this.#events = events;
    this.#capture = capture;
    this.#onChange = onChange;
    this.review();
  }

  /** Whether each call needs {@link describeCaller}. */
  get wantsCallers(): boolean {
    return this.#wantsCallers || taskChannel.hasSubscribers;
  }

  describeCaller(): Caller | undefined {
    // A listener that was to be called once is gone without a word, as is the subscriber of a channel.
    this.review();
    if (!this.wantsCallers) return undefined;
    return { scope: new AsyncResource('aiomultiprocess.call'), context: this.#capture?.() };
  }

  /** Listeners may have come or gone. */
  review(): void {
    const watched = taskChannel.hasSubscribers || TASK_EVENTS.some((event) => this.#events.listenerCount(event) > 0);
    this.#wantsCallers = watched || this.#capture !== undefined;
    if (watched === (this.tasks !== undefined)) return;
    this.tasks = watched ? new TaskWatcher(this.#name, this.#events, this.#capture) : undefined;
    this.#onChange();
  }

  tellProcess<E extends keyof ProcessEvents>(event: E, info: Parameters<ProcessEvents[E]>[0]): void {
    callListener(() => this.#events.emit(event, ...([info] as never)));
    const channel = processChannels[event];
    if (channel.hasSubscribers) channel.publish({ pool: this.#name, ...info });
  }
}
