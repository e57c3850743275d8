import { AsyncResource } from 'node:async_hooks';
import { processChannels, taskChannel } from '../../observe/diagnostics-channels.js';
import { type PoolEmitter, type ProcessEvents, TASK_EVENTS } from '../../observe/events.js';
import { callListener } from '../../util/call-listener.js';
import type { Caller } from './caller.js';
import { Sample, type SampleListener } from './sample.js';
import { TaskTracer } from './task-tracer.js';

/**
 * Emits the events of a pool, and knows whether they have listeners.
 *
 * Without listeners to tasks, a task costs a look at {@link tasks}, and a call one at {@link wantsCallers}.
 */
export class Tracing {
  /** Follows every task while the events of tasks have a listener, and some of them while a dashboard samples. */
  tasks: TaskTracer | undefined;
  #sample: Sample | undefined;
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

  /** Which tasks are measured, as a mask for their ids; negative: none. */
  get mask(): number {
    if (this.tasks === undefined) return -1;
    return this.tasks.isComplete ? 0 : (this.#sample?.mask ?? 0);
  }

  /** Listeners may have come or gone. */
  review(): void {
    const isComplete = taskChannel.hasSubscribers || TASK_EVENTS.some((event) => this.#events.listenerCount(event) > 0);
    this.#wantsCallers = isComplete || this.#capture !== undefined;
    const isTraced = isComplete || this.#sample !== undefined;
    const { mask } = this;
    if (isTraced) this.tasks ??= new TaskTracer(this.#name, this.#events, this.#capture);
    else this.tasks = undefined;
    if (this.tasks !== undefined) {
      this.tasks.isComplete = isComplete;
      this.tasks.sample = this.#sample;
    }
    if (this.mask !== mask) this.#onChange();
  }

  /**
   * Traces as many tasks as {@link Sample} allows, at a small part of the cost of listeners. All dashboards share one sample.
   *
   * @returns a function to call a few times a second, which adapts the number of tasks, and one that ends it.
   */
  startSample(listener: SampleListener): { adapt(): void; end(): void } {
    const sample = this.#sample ?? new Sample();
    sample.listeners.add(listener);
    this.#sample = sample;
    this.review();
    return {
      adapt: () => {
        if (sample.adapt() && this.tasks?.isComplete === false) this.#onChange();
      },
      end: () => {
        sample.listeners.delete(listener);
        if (this.#sample !== sample || sample.listeners.size > 0) return;
        this.#sample = undefined;
        this.review();
      },
    };
  }

  emitProcess<E extends keyof ProcessEvents>(event: E, info: Parameters<ProcessEvents[E]>[0]): void {
    callListener(() => this.#events.emit(event, ...([info] as never)));
    const channel = processChannels[event];
    if (channel.hasSubscribers) channel.publish({ pool: this.#name, ...info });
  }
}
