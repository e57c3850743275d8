import { setTimeout as sleep } from 'node:timers/promises';
import { isatty } from 'node:tty';
import { type Pool, ProcessExitError } from 'aiomultiprocess';
import { Interrupts } from '../interrupts.js';
import { type Log, writeMessage } from '../log.js';
import { runItems } from './create-pool.js';
import { describeFailure, excerpt, toText } from './describe-failure.js';
import { FileError } from './file-error.js';
import { STDIN } from './find-inputs.js';
import { StartWatch } from './input-start.js';
import { ItemSource, type Numbered } from './item-source.js';
import { logProgress, progressOptions } from './progress.js';
import { readItems } from './read-items.js';
import { type Files, ResultWriter } from './result-writer.js';
import type { MapSettings } from './settings.js';

const STDIN_DESCRIPTOR = 0;
const STDERR = 2;

/** Whoever ends all processes of a run may end its children first: the run is told so much later, in milliseconds. */
const SIGNAL_DELAY = 100;

/** The items of an input on their way through a pool into the output. */
export class MapRun {
  readonly #settings: MapSettings;
  readonly #files: Files;
  readonly #log: Log;
  readonly #source: ItemSource;
  /** How many items were done and have failed, also in the runs that this one goes on with. */
  #done: number;
  #failed: number;
  #firstFailure = '';
  #stopped = false;
  #isRead = true;
  /** An item was ended together with the run. */
  #isCut = false;
  /** The last of its processes that has died. */
  #lastDead: number | undefined;
  readonly #interrupts = new Interrupts((signal) => this.#onInterrupt(signal));

  constructor(settings: MapSettings, inputs: readonly string[], files: Files, log: Log) {
    this.#settings = settings;
    this.#files = files;
    this.#log = log;
    const { journal } = files;
    this.#failed = journal?.position.failed ?? 0;
    this.#done = (journal?.done.size ?? 0) - this.#failed;
    const start = journal && new StartWatch(journal.start, (seen) => journal.noteStart(seen));
    if (inputs.includes(STDIN) && isatty(STDIN_DESCRIPTOR)) log('info', 'reading the terminal; Ctrl-D ends the input');
    const items = readItems(inputs, settings.format, start);
    this.#source = new ItemSource(items, (index) => journal?.done.has(index) ?? false);
  }

  /** `false`: the reader of the results has had enough, so that nothing has to come to its end. */
  get isRead(): boolean {
    return this.#isRead;
  }

  /** @returns the exit code. */
  async run(pool: Pool): Promise<number> {
    const before = this.#done + this.#failed;
    if (before > 0) this.#log('info', `going on after ${before} items`, { done: this.#done, failed: this.#failed });
    const interrupts = this.#interrupts;
    interrupts.begin();
    try {
      await this.#mapItems(pool);
      if (!this.#stopped && !this.#isCut) await close(pool);
      if (interrupts.code === undefined && !this.#stopped) this.#files.journal?.noteFinished();
      this.#report(interrupts.code);
    } catch (error) {
      if (!(error instanceof FileError) || error.code !== 'EPIPE') throw error;
      this.#isRead = false;
    } finally {
      interrupts.end();
    }
    return interrupts.code ?? (this.#failed > 0 ? 1 : 0);
  }

  async #mapItems(pool: Pool): Promise<void> {
    const { ordered } = this.#settings;
    const results = runItems(pool, this.#source, progressOptions(this.#settings));
    const writer = new ResultWriter(this.#files, (error) => results.cancel(error));
    const stopProgress = logProgress(this.#settings, this.#log, () => ({ done: this.#done, failed: this.#failed }));
    try {
      for await (const outcome of results.outcomes({ unordered: !ordered })) {
        const numbered = this.#source.take(outcome.index);
        if (outcome.status === 'rejected' && (await this.#wasEndedWithRun(outcome.reason))) {
          this.#isCut = true;
          break;
        }
        if (outcome.status === 'fulfilled') this.#onResult(writer, numbered, outcome.value);
        else this.#onFailure(writer, numbered, outcome.reason);
        if (this.#stopped) break;
        if (writer.isFull) await writer.room();
      }
    } finally {
      stopProgress();
      await writer.end();
    }
  }

  #onResult(writer: ResultWriter, { index }: Numbered, json: string): void {
    this.#done++;
    writer.addResult(index, this.#settings.ordered ? `${json}\n` : `{"index":${index},"value":${json}}\n`);
  }

  #onFailure(writer: ResultWriter, numbered: Numbered, error: unknown): void {
    const { onError, format } = this.#settings;
    this.#failed++;
    this.#firstFailure ||= `item ${numbered.index} (${excerpt(numbered)}) failed with ${toText(error)}`;
    if (onError === 'stop') {
      this.#stopped = true;
      this.#log('error', `stopped: ${this.#firstFailure}`, describeFailure(numbered, error, format));
      return;
    }
    const line = onError === 'report' ? `${JSON.stringify(describeFailure(numbered, error, format))}\n` : '';
    writer.addFailure(numbered.index, line);
  }

  /** An item whose process ends with the run is not done, whatever `--on-error` says: the next run begins with it. */
  async #wasEndedWithRun(error: unknown): Promise<boolean> {
    if (!(error instanceof ProcessExitError)) return false;
    // Many items may be lost with one process.
    if (this.#interrupts.code === undefined && error.pid !== this.#lastDead) await sleep(SIGNAL_DELAY);
    this.#lastDead = error.pid;
    return this.#interrupts.code !== undefined;
  }

  #onInterrupt(signal: NodeJS.Signals): void {
    this.#source.stop();
    // The terminal has just shown the key.
    if (isatty(STDERR) && signal === 'SIGINT' && !this.#settings.jsonLogs) writeMessage('\n');
    const { underWay } = this.#source;
    this.#log('info', `${signal}: finishing ${underWay} items that have begun; once more to stop at once`, {
      underWay,
    });
  }

  /** What is not to be seen in the output. */
  #report(code: number | undefined): void {
    if (this.#stopped) return;
    const counts = { done: this.#done, failed: this.#failed };
    const total = this.#done + this.#failed;
    const hint = this.#files.journal === undefined ? '' : '; the same command goes on from there';
    if (code !== undefined) this.#log('info', `interrupted after ${total} items${hint}`, counts);
    else if (this.#settings.jsonLogs) this.#log('info', 'done', counts);
    if (this.#failed === 0) return;
    const first = this.#firstFailure && `; the first: ${this.#firstFailure}`;
    this.#log('warn', `${this.#failed} of ${total} items failed${first}`, counts);
  }
}

/** Lets its processes come to their own end. */
async function close(pool: Pool): Promise<void> {
  pool.close();
  await pool.join();
}
