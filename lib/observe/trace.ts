import type { EventEmitter } from 'eventemitter3';
import { performance } from '../util/clock.js';
import { describeArguments } from './describe.js';
import type { EndedInfo, PoolEvents, TaskInfo } from './events.js';
import { Rows } from './rows.js';
import { TraceFile } from './trace-file.js';

/** The shortest time between two points of the curve of waiting tasks, in milliseconds. */
const MIN_STEP = 5;

/** What a row that belongs to no task is numbered. */
const PROCESS_ROW = 0;

/** Writes what happens in a pool to a file, with a group of rows for each process: one for itself, one for each slot. */
export class Trace {
  readonly #file: TraceFile;
  readonly #rows: Rows[] = [];
  readonly #countQueued: () => number;
  #lastQueued = 0;
  #nextStep = 0;

  /**
   * @param countQueued - how many tasks wait.
   * @throws what the file system says if the file cannot be made.
   */
  constructor(path: string | URL, pool: string, events: EventEmitter<PoolEvents>, countQueued: () => number) {
    this.#file = new TraceFile(path);
    this.#countQueued = countQueued;
    this.#name('process_name', 0, 0, pool);
    events.on('processStarted', ({ place, pid }) => this.#mark('started', place, { pid }));
    events.on('processReady', ({ place, pid, startUpTime, initTime }) => {
      const now = performance.now();
      this.#slice('start-up', place, PROCESS_ROW, now - initTime - startUpTime, startUpTime, { pid });
      this.#slice('initializer', place, PROCESS_ROW, now - initTime, initTime, { pid });
    });
    events.on('processRecycled', ({ place, pid, reason }) => this.#mark('recycled', place, { pid, reason }));
    events.on('processExited', ({ place, error, ...info }) =>
      this.#mark('exited', place, { ...info, ...describeError(error) }),
    );
    events.on('taskQueued', () => this.#count());
    events.on('taskStarted', () => this.#count());
    events.on('taskSucceeded', (info) => this.#add(info, { outcome: 'succeeded' }));
    events.on('taskFailed', (info) => this.#add(info, { outcome: 'failed', ...describeError(info.error) }));
    events.on('taskRetried', (info) => this.#add(info, { outcome: 'retried', ...describeError(info.error) }));
    events.on('taskCancelled', (info) => this.#add(info, { outcome: 'cancelled' }));
  }

  close(): void {
    this.#file.close();
  }

  #add(info: TaskInfo & Partial<EndedInfo>, outcome: Record<string, unknown>): void {
    const { task, id, args, attempt, place, pid, waitTime, startTime, runTime } = info;
    // It was never sent.
    if (place === undefined || startTime === undefined || runTime === undefined) return;
    const row = this.#rowsOf(place).place(startTime, startTime + runTime, (name, tid) =>
      this.#name('thread_name', place + 1, tid, name),
    );
    const details = { id, arguments: describeArguments(args), attempt, pid, waited: waitTime, ...outcome };
    this.#slice(task || '(anonymous)', place, row, startTime, runTime, details);
  }

  #rowsOf(place: number): Rows {
    while (this.#rows.length <= place) {
      this.#name('process_name', this.#rows.push(new Rows()), PROCESS_ROW, `process ${this.#rows.length - 1}`);
      this.#name('thread_name', this.#rows.length, PROCESS_ROW, 'process');
    }
    return this.#rows[place] as Rows;
  }

  #slice(name: string, place: number, tid: number, start: number, time: number, args: Record<string, unknown>): void {
    this.#rowsOf(place);
    const ts = toMicroseconds(start);
    const dur = Math.round((toMicroseconds(start + time) - ts) * 1e3) / 1e3;
    this.#file.add({
      name,
      cat: tid === PROCESS_ROW ? 'process' : 'task',
      ph: 'X',
      ts,
      dur,
      pid: place + 1,
      tid,
      args,
    });
  }

  /** A moment in the life of a process. */
  #mark(name: string, place: number, args: Record<string, unknown>): void {
    this.#slice(name, place, PROCESS_ROW, performance.now(), 0, args);
  }

  #name(name: 'process_name' | 'thread_name', pid: number, tid: number, text: string): void {
    this.#file.add({ name, ph: 'M', pid, tid, args: { name: text } });
  }

  /** The curve of the tasks that wait. */
  #count(): void {
    const tasks = this.#countQueued();
    const now = performance.now();
    if (tasks === this.#lastQueued || (now < this.#nextStep && tasks > 0)) return;
    this.#lastQueued = tasks;
    this.#nextStep = now + MIN_STEP;
    this.#file.add({ name: 'queued', ph: 'C', ts: toMicroseconds(now), pid: 0, tid: 0, args: { tasks } });
  }
}

/** Whole nanoseconds: more digits would only fill the disk. */
function toMicroseconds(time: number): number {
  return Math.round(time * 1e6) / 1e3;
}

function describeError(error: unknown): Record<string, unknown> {
  return error === undefined
    ? {}
    : { error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
}
