import type { Queue } from 'bullmq';
import { FAILURE, PROGRESS, RESULT } from '../../protocol/messages.js';
import { clearTimeout, setImmediate, setTimeout, sleep } from '../../util/clock.js';
import { type ResultsMessage, VERSION } from '../wire/messages.js';
import { RESULTS } from '../wire/queue-names.js';
import { encodeReports, type TaskReport } from './results-body.js';

/** How long results wait for others of their chunk, in milliseconds. */
const FLUSH_DELAY = 50;
/** The delay before a failed send is retried, in milliseconds. */
const RETRY_DELAY = 500;

/** The options of a {@link ResultSender}. */
export interface ResultSenderOptions {
  host: string;
  slots: number;
  maxValueSize: number;
  /** The results queue of the caller. */
  results: Queue;
  /** How long the datastore takes to answer, in milliseconds. */
  getRoundTrip(): number;
  onError(error: Error): void;
}

/** The chunks that have ended, and the tasks that go back to the caller. */
type EndedChunks = Pick<ResultsMessage, 'times' | 'lost' | 'returned' | 'refused'>;

/** What a caller has asked for. */
export type Announcement = Pick<ResultsMessage, 'about' | 'state'>;

const createEndedChunks = (): EndedChunks => ({ times: [], lost: [], returned: [], refused: [] });

/** Sends the results of one caller's tasks, in batches. */
export class ResultSender {
  readonly #options: ResultSenderOptions;
  #maxValueSize: number;
  #reports: TaskReport[] = [];
  #ended = createEndedChunks();
  #announcement: Announcement = {};
  #onSent: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;
  #sending = false;
  #closed = false;

  constructor(options: ResultSenderOptions) {
    this.#options = options;
    this.#maxValueSize = options.maxValueSize;
    // Announces this host to the caller, by an empty batch if there is no result yet.
    this.#flushLater();
  }

  /** Limits values to the size that the caller accepts: it rejects a batch with a larger one. */
  limitValues(maxSize: number): void {
    this.#maxValueSize = Math.min(this.#maxValueSize, maxSize);
  }

  succeed(id: number, value: unknown): void {
    this.#reports.push([RESULT, id, value]);
    this.#flushLater();
  }

  fail(id: number, error: unknown): void {
    this.#reports.push([FAILURE, id, error]);
    this.#flushLater();
  }

  report(id: number, progress: unknown): void {
    this.#reports.push([PROGRESS, id, progress]);
    this.#flushLater();
  }

  /** Returns a task that will not begin on this host. */
  giveBack(id: number): void {
    this.#ended.returned.push(id);
    this.#flushLater();
  }

  /** Reports a finished chunk. @param time - how long each of its tasks occupied a slot, in milliseconds. */
  finish(chunk: string, time: number): Promise<void> {
    this.#ended.times.push([chunk, time]);
    return this.flush();
  }

  /** Reports a chunk whose hosts died repeatedly. @param hosts - how many they were. */
  lose(chunk: string, hosts: number): Promise<void> {
    this.#ended.lost.push([chunk, hosts]);
    return this.flush();
  }

  /** Reports an invalid chunk. */
  refuse(chunk: string, reason: string): Promise<void> {
    this.#ended.refused.push([chunk, reason.slice(0, 4096)]);
    return this.flush();
  }

  /** Answers a caller that has asked about this host. */
  announce(announcement: Announcement): Promise<void> {
    this.#announcement = { ...this.#announcement, ...announcement };
    return this.flush();
  }

  /** Resolves once everything reported so far is in the datastore. */
  flush(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return new Promise((resolve) => {
      this.#onSent.push(resolve);
      if (!this.#sending) void this.#sendAll();
    });
  }

  /** Drops what is left: the caller is gone, or the host is closing. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const resolve of this.#onSent.splice(0)) resolve();
  }

  #flushLater(): void {
    if (!this.#closed) this.#timer ??= setTimeout(() => void this.flush(), FLUSH_DELAY);
  }

  /** Reports that arrive while a batch is being sent go into the next one. */
  async #sendAll(): Promise<void> {
    this.#sending = true;
    // Chunks that end in this turn share a batch.
    await new Promise(setImmediate);
    while (this.#onSent.length > 0) {
      const onSent = this.#onSent.splice(0);
      await this.#send(this.#takeBatches());
      for (const resolve of onSent) resolve();
    }
    this.#sending = false;
  }

  async #send(batches: readonly ResultsMessage[]): Promise<void> {
    const jobs = batches.map((data) => ({ name: RESULTS, data, opts: { removeOnComplete: true, removeOnFail: true } }));
    while (!this.#closed) {
      try {
        await this.#options.results.addBulk(jobs);
        return;
      } catch (error) {
        this.#options.onError(error as Error);
        await sleep(RETRY_DELAY);
      }
    }
  }

  #takeBatches(): ResultsMessage[] {
    const { host, slots, getRoundTrip, onError } = this.#options;
    const bodies = encodeReports(this.#reports, this.#maxValueSize, onError);
    const ended = this.#ended;
    this.#reports = [];
    this.#ended = createEndedChunks();
    const announcement = this.#announcement;
    this.#announcement = {};
    // The end of a chunk must follow its last results.
    return bodies.map((body, index) => ({
      version: VERSION,
      host,
      slots,
      roundTrip: getRoundTrip(),
      ...(index === 0 && announcement),
      ...(index === bodies.length - 1 ? ended : createEndedChunks()),
      body,
    }));
  }
}
