import type { Channel } from '../ipc/channel.js';
import {
  ADDRESS,
  ATTEMPT,
  CANCEL,
  CONTEXT,
  CREDIT,
  MEASURE,
  STREAM,
  type ToChild,
  type ToParent,
} from '../ipc/messages.js';
import { completeAddress } from '../tasks/address.js';
import { performance } from '../util/clock.js';
import type { SentTasks } from './sent-tasks.js';
import { StreamTask } from './stream-task.js';
import type { Task } from './task.js';
import type { Watch } from './watch.js';

/** Sends tasks to one child, and all that the child should know of them. */
export class TaskSender {
  readonly #channel: Channel<ToParent, ToChild>;
  readonly #tasks: SentTasks;
  readonly #watch: Watch;
  readonly #onBatch: () => void;
  /** When what is flushed next was sent; 0 if there is nothing. */
  #now = 0;

  /**
   * @param tasks - takes what was sent.
   * @param onBatch - is called before the first of the tasks that are sent together.
   */
  constructor(channel: Channel<ToParent, ToChild>, tasks: SentTasks, watch: Watch, onBatch: () => void) {
    this.#channel = channel;
    this.#onBatch = onBatch;
    this.#tasks = tasks;
    this.#watch = watch;
  }

  /**
   * @throws {@link SerializationError} if the arguments cannot travel, {@link TaskNotFoundError} if the function cannot
   * be found; the child hears of no task then.
   */
  send(task: Task, attempt: number): void {
    if (this.#now === 0) this.#beginBatch();
    const channel = this.#channel;
    const { address, caller } = task.job;
    // Each function crosses the pipe once; then its number stands for it.
    const fn = this.#tasks.introduce(task.job, ({ id, isTimed }) => {
      completeAddress(address);
      channel.post([ADDRESS, id, isTimed ? 1 : 0, address]);
    });
    const isPlain = attempt === 1 && caller === undefined && !(task instanceof StreamTask);
    if (!isPlain) this.#announce(task, attempt);
    try {
      channel.postTask(task.id, fn.id, task.args);
    } catch (error) {
      if (!isPlain) channel.post([CANCEL, task.id]);
      throw error;
    }
    this.#tasks.add(task, fn, this.#now);
  }

  #beginBatch(): void {
    this.#now = performance.now();
    this.#onBatch();
  }

  /** Says what is special about a task that follows. */
  #announce(task: Task, attempt: number): void {
    const context = this.#watch.tasks?.contextOf(task) ?? task.job.caller?.context;
    if (context !== undefined) this.#channel.post([CONTEXT, task.id, context]);
    if (attempt > 1) this.#channel.post([ATTEMPT, task.id, attempt]);
    if (task instanceof StreamTask) this.#openStream(task);
  }

  #openStream(task: StreamTask): void {
    this.#channel.post([STREAM, task.id, task.window]);
    task.onSent((items) => {
      this.#channel.post([CREDIT, task.id, items]);
      this.flush();
    });
  }

  /** Tells the child that nobody waits for these tasks any more. */
  cancel(tasks: readonly Task[]): void {
    for (const task of tasks) {
      if (task instanceof StreamTask) task.discard();
      this.#channel.post([CANCEL, task.id]);
    }
    this.flush();
  }

  /** @param isWanted - whether the child should say how long tasks take, and what it uses. */
  measure(isWanted: boolean): void {
    this.#channel.post([MEASURE, isWanted]);
    this.flush();
  }

  flush(): void {
    this.#now = 0;
    this.#channel.flush();
  }
}
