import { ProtocolError } from '../errors.js';
import type { Task } from './task.js';

/** Ids stand in pages of this many, so that a task that runs for hours keeps one page and no more. A power of two. */
const PAGE_SIZE = 256;
/** As many as the tasks on their way to a busy child take. */
const MAX_SPARE = 8;

interface Page {
  readonly tasks: (Task | undefined)[];
  /** The place of each among all that were sent, and when it was. */
  readonly orders: Float64Array;
  readonly times: Float64Array;
  size: number;
}

/** The tasks that were sent to one child and whose results are on their way. */
export class ResponseQueue {
  size = 0;
  /** When the task was sent that was taken last. */
  sentAt = 0;
  readonly #pages = new Map<number, Page>();
  /** The page that was used last: ids mostly follow one another. */
  #firstId = -1;
  #page: Page | undefined;
  /** Pages that are empty again. */
  readonly #spare: Page[] = [];
  #sent = 0;

  add(task: Task, now: number): void {
    const at = task.id & (PAGE_SIZE - 1);
    const page = this.#find(task.id - at) ?? this.#create(task.id - at);
    page.tasks[at] = task;
    page.orders[at] = this.#sent++;
    page.times[at] = now;
    page.size++;
    this.size++;
  }

  /** @throws {@link ProtocolError} if no such task was sent, or it was answered before. */
  take(id: number): Task {
    const at = id & (PAGE_SIZE - 1);
    const page = this.#find(id - at);
    const task = page?.tasks[at];
    if (page === undefined || task === undefined) {
      throw new ProtocolError(`a child answered task ${String(id)}, which it does not have`);
    }
    page.tasks[at] = undefined;
    this.sentAt = page.times[at] as number;
    this.size--;
    if (--page.size === 0) this.#remove(id - at, page);
    return task;
  }

  peek(id: number): Task | undefined {
    const at = id & (PAGE_SIZE - 1);
    return this.#find(id - at)?.tasks[at];
  }

  /** All of them, in the order in which they were sent. */
  list(): Task[] {
    const sent: { task: Task; order: number }[] = [];
    for (const { tasks, orders } of this.#pages.values()) {
      tasks.forEach((task, at) => {
        if (task !== undefined) sent.push({ task, order: orders[at] as number });
      });
    }
    return sent.sort((one, other) => one.order - other.order).map(({ task }) => task);
  }

  #find(firstId: number): Page | undefined {
    if (firstId === this.#firstId) return this.#page;
    const page = this.#pages.get(firstId);
    if (page !== undefined) {
      this.#firstId = firstId;
      this.#page = page;
    }
    return page;
  }

  #create(firstId: number): Page {
    const page = this.#spare.pop() ?? createPage();
    this.#pages.set(firstId, page);
    this.#firstId = firstId;
    this.#page = page;
    return page;
  }

  #remove(firstId: number, page: Page): void {
    this.#pages.delete(firstId);
    if (this.#spare.length < MAX_SPARE) this.#spare.push(page);
    this.#firstId = -1;
  }
}

function createPage(): Page {
  return {
    tasks: new Array<Task | undefined>(PAGE_SIZE).fill(undefined),
    orders: new Float64Array(PAGE_SIZE),
    times: new Float64Array(PAGE_SIZE),
    size: 0,
  };
}
