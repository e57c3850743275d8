import { AsyncResource } from 'node:async_hooks';
import { processChannels, taskChannel } from '../../observe/diagnostics-channels.js';
import { type PoolEmitter, type ProcessEvents, TASK_EVENTS } from '../../observe/events.js';
import { callListener } from '../../util/call-listener.js';
import type { Caller } from './caller.js';
import { TaskTracer } from './task-tracer.js';

/**
 * Emits the events of a pool, and knows whether they have listeners.
 *
 * Without listeners to tasks, a task costs a look at {@link tasks}, and a call one at {@link wantsCallers}.
 */
export class Tracing {
  /** Follows every task, while the events of tasks have a listener. */
  tasks: TaskTracer | undefined;
  readonly #name: string;
  readonly #events: PoolEmitter;
  readonly #capture: (() => unknown) | undefined;
  readonly #onChange: () => void;
  #wantsCallers = false;

  /**
   * @param capture - takes from the context of a caller the value that its tasks should have.
   * @param onChange - {@link tasks} was set or unset.
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
    // A `once` listener and a channel's subscriber leave without notice.
    this.review();
    if (!this.wantsCallers) return undefined;
    return { scope: new AsyncResource('aiomultiprocess.call'), context: this.#capture?.() };
  }

  /** Listeners may have come or gone. */
  review(): void {
    const isTraced = taskChannel.hasSubscribers || TASK_EVENTS.some((event) => this.#events.listenerCount(event) > 0);
    this.#wantsCallers = isTraced || this.#capture !== undefined;
    if (isTraced === (this.tasks !== undefined)) return;
    this.tasks = isTraced ? new TaskTracer(this.#name, this.#events, this.#capture) : undefined;
    this.#onChange();
  }

  emitProcess<E extends keyof ProcessEvents>(event: E, info: Parameters<ProcessEvents[E]>[0]): void {
    callListener(() => this.#events.emit(event, ...([info] as never)));
    const channel = processChannels[event];
    if (channel.hasSubscribers) channel.publish({ pool: this.#name, ...info });
  }
}
