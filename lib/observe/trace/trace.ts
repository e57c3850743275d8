import { performance } from '../../util/clock.js';
import type { Emitter } from '../../util/emitter.js';
import { summarizeArguments, summarizeError } from '../describe.js';
import type { EndedInfo, PoolEvents, TaskInfo } from '../events.js';
import { TraceFile } from './trace-file.js';
import { Tracks } from './tracks.js';

/** The shortest time between two values of the queue counter, in milliseconds. */
const MIN_STEP = 5;

/** The number of the track for the events of the process itself. */
const PROCESS_TRACK = 0;

/** Writes the events of a pool to a trace file. Each process has a group of tracks: one for itself, one per slot. */
export class Trace {
  readonly #file: TraceFile;
  readonly #tracks: Tracks[] = [];
  readonly #countQueued: () => number;
  #lastQueued = 0;
  #nextStep = 0;

  /**
   * @param countQueued - the number of waiting tasks.
   * @throws the error of the file system if the file cannot be created.
   */
  constructor(path: string | URL, pool: string, events: Emitter<PoolEvents>, countQueued: () => number) {
    this.#file = new TraceFile(path);
    this.#countQueued = countQueued;
    this.#name('process_name', 0, 0, pool);
    events.on('processStarted', ({ place, pid }) => this.#mark('started', place, { pid }));
    events.on('processReady', ({ place, pid, startUpTime, initTime }) => {
      const now = performance.now();
      this.#slice('start-up', place, PROCESS_TRACK, now - initTime - startUpTime, startUpTime, { pid });
      this.#slice('initializer', place, PROCESS_TRACK, now - initTime, initTime, { pid });
    });
    events.on('processRecycled', ({ place, pid, reason }) => this.#mark('recycled', place, { pid, reason }));
    events.on('processExited', ({ place, error, ...info }) =>
      this.#mark('exited', place, { ...info, ...errorDetails(error) }),
    );
    events.on('taskQueued', () => this.#count());
    events.on('taskStarted', () => this.#count());
    events.on('taskSucceeded', (info) => this.#add(info, { outcome: 'succeeded' }));
    events.on('taskFailed', (info) => this.#add(info, { outcome: 'failed', ...errorDetails(info.error) }));
    events.on('taskRetried', (info) => this.#add(info, { outcome: 'retried', ...errorDetails(info.error) }));
    events.on('taskCancelled', (info) => this.#add(info, { outcome: 'cancelled' }));
  }

  close(): void {
    this.#file.close();
  }

  #add(info: TaskInfo & Partial<EndedInfo>, outcome: Record<string, unknown>): void {
    const { task, id, args, attempt, place, pid, waitTime, startTime, runTime } = info;
    // The task was never sent.
    if (place === undefined || startTime === undefined || runTime === undefined) return;
    const track = this.#tracksOf(place).add(startTime, startTime + runTime, (name, tid) =>
      this.#name('thread_name', place + 1, tid, name),
    );
    const details = { id, arguments: summarizeArguments(args), attempt, pid, waited: waitTime, ...outcome };
    this.#slice(task || '(anonymous)', place, track, startTime, runTime, details);
  }

  #tracksOf(place: number): Tracks {
    while (this.#tracks.length <= place) {
      this.#name('process_name', this.#tracks.push(new Tracks()), PROCESS_TRACK, `process ${this.#tracks.length - 1}`);
      this.#name('thread_name', this.#tracks.length, PROCESS_TRACK, 'process');
    }
    return this.#tracks[place] as Tracks;
  }

  #slice(name: string, place: number, tid: number, start: number, time: number, args: Record<string, unknown>): void {
    this.#tracksOf(place);
    const ts = toMicroseconds(start);
    const dur = Math.round((toMicroseconds(start + time) - ts) * 1e3) / 1e3;
    this.#file.add({
      name,
      cat: tid === PROCESS_TRACK ? 'process' : 'task',
      ph: 'X',
      ts,
      dur,
      pid: place + 1,
      tid,
      args,
    });
  }

  /** A slice of no duration: an instant in the life of a process. */
  #mark(name: string, place: number, args: Record<string, unknown>): void {
    this.#slice(name, place, PROCESS_TRACK, performance.now(), 0, args);
  }

  #name(name: 'process_name' | 'thread_name', pid: number, tid: number, text: string): void {
    this.#file.add({ name, ph: 'M', pid, tid, args: { name: text } });
  }

  /** The counter of waiting tasks. */
  #count(): void {
    const tasks = this.#countQueued();
    const now = performance.now();
    if (tasks === this.#lastQueued || (now < this.#nextStep && tasks > 0)) return;
    this.#lastQueued = tasks;
    this.#nextStep = now + MIN_STEP;
    this.#file.add({ name: 'queued', ph: 'C', ts: toMicroseconds(now), pid: 0, tid: 0, args: { tasks } });
  }
}

/** Rounded to nanoseconds, to keep the file small. */
function toMicroseconds(time: number): number {
  return Math.round(time * 1e6) / 1e3;
}

function errorDetails(error: unknown): Record<string, unknown> {
  return error === undefined ? {} : { error: summarizeError(error) };
}
