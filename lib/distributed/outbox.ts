import type { Queue } from 'bullmq';
import { FAILURE, PROGRESS, RESULT } from '../ipc/messages.js';
import { clearTimeout, setImmediate, setTimeout, sleep } from '../util/clock.js';
import { type Results, VERSION } from './messages.js';
import { RESULTS } from './names.js';
import { type Outcome, writeOutcomes } from './outcomes.js';

/** How long results wait for the others of their chunk, in milliseconds. */
const MAX_WAIT = 50;
/** After a failure to send, in milliseconds. */
const PAUSE = 500;

/** What {@link Outbox} needs to know. */
export interface OutboxOptions {
  host: string;
  slots: number;
  maxValueSize: number;
  /** The results queue of the caller. */
  results: Queue;
  onError(error: Error): void;
}

/** What a caller is told of chunks. */
type Ends = Pick<Results, 'rates' | 'lost' | 'refused'>;

/** Takes what becomes of the tasks of one caller, and sends it in batches. */
export class Outbox {
  readonly #options: OutboxOptions;
  #maxValueSize: number;
  #outcomes: Outcome[] = [];
  #ends: Ends = { rates: [], lost: [], refused: [] };
  #onSent: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;
  #sending = false;
  #closed = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#maxValueSize = options.maxValueSize;
    // The caller learns at once who is there.
    void this.flush();
  }

  /** The caller would not read larger values than these, nor what comes with them. */
  limitValues(maxSize: number): void {
    this.#maxValueSize = Math.min(this.#maxValueSize, maxSize);
  }

  succeed(id: number, value: unknown): void {
    this.#outcomes.push([RESULT, id, value]);
    this.#flushLater();
  }

  fail(id: number, error: unknown): void {
    this.#outcomes.push([FAILURE, id, error]);
    this.#flushLater();
  }

  report(id: number, progress: unknown): void {
    this.#outcomes.push([PROGRESS, id, progress]);
    this.#flushLater();
  }

  /** @param rate - how many of these tasks the host got done in a millisecond. */
  finish(chunk: string, rate: number): Promise<void> {
    this.#ends.rates.push([chunk, rate]);
    return this.flush();
  }

  /** A chunk has taken several hosts down. */
  lose(chunk: string): Promise<void> {
    this.#ends.lost.push(chunk);
    return this.flush();
  }

  /** A chunk cannot be read. */
  refuse(chunk: string, reason: string): Promise<void> {
    this.#ends.refused.push([chunk, reason.slice(0, 4096)]);
    return this.flush();
  }

  /** Resolves once all that it was told of is in the datastore. */
  flush(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return new Promise((resolve) => {
      this.#onSent.push(resolve);
      if (!this.#sending) void this.#sendAll();
    });
  }

  /** Nobody reads it any more. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const resolve of this.#onSent.splice(0)) resolve();
  }

  #flushLater(): void {
    if (!this.#closed) this.#timer ??= setTimeout(() => void this.flush(), MAX_WAIT);
  }

  /** What comes while a batch is on its way goes with the next one. */
  async #sendAll(): Promise<void> {
    this.#sending = true;
    // Chunks that end in this turn go together.
    await new Promise(setImmediate);
    while (this.#onSent.length > 0) {
      const onSent = this.#onSent.splice(0);
      await this.#send(this.#takeBatches());
      for (const resolve of onSent) resolve();
    }
    this.#sending = false;
  }

  async #send(batches: readonly Results[]): Promise<void> {
    const jobs = batches.map((data) => ({ name: RESULTS, data, opts: { removeOnComplete: true, removeOnFail: true } }));
    while (!this.#closed) {
      try {
        await this.#options.results.addBulk(jobs);
        return;
      } catch (error) {
        this.#options.onError(error as Error);
        await sleep(PAUSE);
      }
    }
  }

  #takeBatches(): Results[] {
    const { host, slots, onError } = this.#options;
    const bodies = writeOutcomes(this.#outcomes, this.#maxValueSize, onError);
    const ends = this.#ends;
    this.#outcomes = [];
    this.#ends = { rates: [], lost: [], refused: [] };
    // A chunk ends after its last results.
    return bodies.map((body, index) => ({
      version: VERSION,
      host,
      slots,
      ...(index === bodies.length - 1 ? ends : { rates: [], lost: [], refused: [] }),
      body,
    }));
  }
}
