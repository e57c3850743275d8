import { performance } from '../../util/clock.js';
import { summarizeArguments } from '../describe.js';
import type { PoolEvents, StartedInfo } from '../events.js';
import { formatSeconds } from './format.js';

/** What a line shows of a process. */
interface ShownProcess {
  pid: number | undefined;
  state: 'booting' | 'ready' | 'draining' | 'ended';
  age: number;
  memory?: number;
}

/** A pool whose processes can be shown. */
export interface WatchedPool {
  on<E extends keyof PoolEvents>(event: E, listener: PoolEvents[E]): unknown;
  off<E extends keyof PoolEvents>(event: E, listener: PoolEvents[E]): unknown;
  stats(): { processes: readonly ShownProcess[] };
}

const ENDS = ['taskSucceeded', 'taskFailed', 'taskRetried', 'taskCancelled'] as const;

/**
 * A line of text for each process of a pool: its id, its age, its memory, and the task that it has had for the longest time.
 *
 * Listens to the events of tasks until it is closed, so it must exist before the tasks that it shows.
 */
export class ProcessLines {
  readonly #pool: WatchedPool;
  readonly #rename: (task: string) => string;
  /** The tasks that each process was sent and has not answered, by process and id, in the order in which they were sent. */
  readonly #tasks = new Map<number | undefined, Map<number, { info: StartedInfo; since: number }>>();

  /** @param rename - the name under which a function is shown. */
  constructor(pool: WatchedPool, rename: (task: string) => string) {
    this.#pool = pool;
    this.#rename = rename;
    pool.on('taskStarted', this.#onStarted);
    pool.on('processExited', this.#onExited);
    for (const event of ENDS) pool.on(event, this.#onEnded);
  }

  close(): void {
    this.#pool.off('taskStarted', this.#onStarted);
    this.#pool.off('processExited', this.#onExited);
    for (const event of ENDS) this.#pool.off(event, this.#onEnded);
  }

  /**
   * @param max - how many lines there may be.
   * @param columns - how many columns a line may take.
   */
  read(max: number, columns: number): string[] {
    const lines = this.#pool.stats().processes.map((process) => cutToColumns(this.#describe(process), columns));
    if (lines.length <= max) return lines;
    return [...lines.slice(0, max - 1), `  and ${lines.length - max + 1} other processes`];
  }

  #describe({ pid, state, age, memory }: ShownProcess): string {
    const size = memory === undefined ? '' : `${Math.round(memory / 2 ** 20)} MB`;
    const columns = [String(pid ?? '').padStart(9), formatSeconds(age / 1000).padStart(7), size.padStart(8)];
    return `${columns.join('')}  ${state === 'booting' ? 'starts' : this.#describeTasks(pid)}`;
  }

  #describeTasks(pid: number | undefined): string {
    const tasks = this.#tasks.get(pid);
    const [oldest] = tasks?.values() ?? [];
    if (tasks === undefined || oldest === undefined) return 'idle';
    const { info, since } = oldest;
    const time = formatSeconds((performance.now() - since) / 1000);
    const others = tasks.size > 1 ? ` and ${tasks.size - 1} more` : '';
    // The arguments come last: the terminal may cut them.
    return `${time}${others}  ${this.#rename(info.task)}(${summarizeArguments(info.args)})`;
  }

  readonly #onStarted = (info: StartedInfo): void => {
    const tasks = this.#tasks.get(info.pid) ?? new Map();
    this.#tasks.set(info.pid, tasks.set(info.id, { info, since: performance.now() }));
  };

  readonly #onEnded = ({ pid, id }: { pid?: number | undefined; id: number }): void => {
    this.#tasks.get(pid)?.delete(id);
  };

  readonly #onExited = ({ pid }: { pid: number | undefined }): void => {
    this.#tasks.delete(pid);
  };
}

/** The first character that terminals may show in two columns. Most of those after it take two. */
const FIRST_WIDE = 0x1100;

/** Cuts a line that may take too many columns: a line that the terminal wraps would be left behind by the next redraw. */
function cutToColumns(line: string, columns: number): string {
  let [width, end] = [0, 0];
  for (const character of line) {
    width += (character.codePointAt(0) as number) < FIRST_WIDE ? 1 : 2;
    if (width > columns) return line.slice(0, end);
    end += character.length;
  }
  return line;
}
