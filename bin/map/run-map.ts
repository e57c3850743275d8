import { setTimeout as sleep } from 'node:timers/promises';
import { isatty } from 'node:tty';
import { ProcessExitError } from 'aiomultiprocess';
import { serializeError } from 'serialize-error';
import { showDashboard } from '../util/dashboard.js';
import { STDERR_FD, STDIN_FD } from '../util/descriptors.js';
import { FileError, UsageError } from '../util/errors.js';
import { Interrupts } from '../util/interrupts.js';
import { createLog, type Log, writeMessage } from '../util/log.js';
import { createLocalPool, type ItemPool } from './create-pool.js';
import { lockFiles, openFiles } from './files/open-files.js';
import { refuseSameFiles } from './files/same-files.js';
import { findInputs, STDIN } from './input/find-inputs.js';
import { ItemSource, type Numbered } from './input/item-source.js';
import { readItems } from './input/read-items.js';
import { InputCheck, readJournal } from './journal/check-resume.js';
import { describeFailure, excerpt, toText } from './output/describe-failure.js';
import { logProgress, progressOptions } from './output/progress.js';
import { type Files, ResultWriter } from './output/result-writer.js';
import type { MapSettings } from './settings.js';

/**
 * Runs `aiomultiprocess map`.
 *
 * @returns the exit code.
 * @throws {@link UsageError}
 */
export async function runMap(settings: MapSettings): Promise<number> {
  const log = createLog(settings.jsonLogs);
  const inputs = await findInputs(settings.inputs);
  refuseSameFiles(settings, inputs);
  const items = settings.hosts === undefined ? createLocalPool(settings) : await loadHostPool(settings, log);
  const { pool } = items;
  let run: MapRun | undefined;
  try {
    // Before opening the files, which truncates them.
    await items.check();
    await lockFiles(settings);
    const journal = await readJournal(settings, inputs);
    if (journal?.finished) {
      log('info', `nothing to do: the run has already finished; remove ${journal.path} to run it again`);
      return journal.position.failed > 0 ? 1 : 0;
    }
    const files = await openFiles(settings, journal);
    await showDashboard(settings.dashboard, log);
    run = new MapRun(settings, inputs, files, log);
    return await run.run(items);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    log('error', error instanceof FileError ? error.message : toText(error), { error: serializeError(error) });
    return 1;
  } finally {
    pool.terminate();
    // If the reader of the results is gone, the command exits without waiting; busy processes end with it.
    if (run?.isRead !== false) await pool.join();
  }
}

/**
 * A signal to a whole process group may end the children before this process receives it. The run waits this long, in
 * milliseconds, before it treats the death of a child as a failure of its items.
 */
const SIGNAL_DELAY = 100;

/** Moves the items of the input through a pool into the output. */
class MapRun {
  readonly #settings: MapSettings;
  readonly #files: Files;
  readonly #log: Log;
  readonly #source: ItemSource;
  /** The numbers of succeeded and failed items, including those of the runs that this one continues. */
  #done: number;
  #failed: number;
  #firstFailure = '';
  /** An item has failed, and `--on-error` is `stop`. */
  #stopped = false;
  #isRead = true;
  /** The signal that ends the run has killed a child with an unfinished item. */
  #isCut = false;
  /** The process id of the last child that died. */
  #lastDead: number | undefined;
  readonly #interrupts = new Interrupts((signal) => this.#onInterrupt(signal));

  constructor(settings: MapSettings, inputs: readonly string[], files: Files, log: Log) {
    this.#settings = settings;
    this.#files = files;
    this.#log = log;
    const { journal } = files;
    this.#failed = journal?.position.failed ?? 0;
    this.#done = (journal?.done.size ?? 0) - this.#failed;
    const check = journal && new InputCheck(journal.start, (start) => journal.recordStart(start));
    if (inputs.includes(STDIN) && isatty(STDIN_FD)) log('info', 'reading the terminal; Ctrl-D ends the input');
    const items = readItems(inputs, settings.format, check);
    this.#source = new ItemSource(items, (index) => journal?.done.has(index) ?? false);
  }

  /** `false` if the reader of the results has closed the pipe. */
  get isRead(): boolean {
    return this.#isRead;
  }

  /** @returns the exit code. */
  async run(items: ItemPool): Promise<number> {
    const before = this.#done + this.#failed;
    if (before > 0) this.#log('info', `resuming after ${before} items`, { done: this.#done, failed: this.#failed });
    const interrupts = this.#interrupts;
    interrupts.begin();
    try {
      await this.#mapItems(items);
      if (!this.#stopped && !this.#isCut) await close(items.pool);
      if (interrupts.code === undefined && !this.#stopped) this.#files.journal?.recordFinished();
      this.#report(interrupts.code);
    } catch (error) {
      if (!(error instanceof FileError) || error.code !== 'EPIPE') throw error;
      this.#isRead = false;
    } finally {
      interrupts.end();
    }
    return interrupts.code ?? (this.#failed > 0 ? 1 : 0);
  }

  async #mapItems(items: ItemPool): Promise<void> {
    const { ordered } = this.#settings;
    const results = items.run(this.#source, progressOptions(this.#settings));
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

  /** An item whose process was killed by the signal that ends the run has not failed: the next run starts with it. */
  async #wasEndedWithRun(error: unknown): Promise<boolean> {
    if (!(error instanceof ProcessExitError)) return false;
    // One process may take many items with it; the run waits once for each process.
    if (this.#interrupts.code === undefined && error.pid !== this.#lastDead) await sleep(SIGNAL_DELAY);
    this.#lastDead = error.pid;
    return this.#interrupts.code !== undefined;
  }

  #onInterrupt(signal: NodeJS.Signals): void {
    this.#source.stop();
    // The terminal has just printed ^C.
    if (isatty(STDERR_FD) && signal === 'SIGINT' && !this.#settings.jsonLogs) writeMessage('\n');
    const { pending } = this.#source;
    this.#log('info', `${signal}: finishing ${pending} items in progress; repeat the signal to stop at once`, {
      underWay: pending,
    });
  }

  /** Logs what the output does not show. */
  #report(code: number | undefined): void {
    if (this.#stopped) return;
    const counts = { done: this.#done, failed: this.#failed };
    const total = this.#done + this.#failed;
    const hint = this.#files.journal === undefined ? '' : '; run the same command again to continue';
    if (code !== undefined) this.#log('info', `interrupted after ${total} items${hint}`, counts);
    else if (this.#settings.jsonLogs) this.#log('info', 'done', counts);
    if (this.#failed === 0) return;
    const first = this.#firstFailure && `; the first: ${this.#firstFailure}`;
    this.#log('warn', `${this.#failed} of ${total} items failed${first}`, counts);
  }
}

/** Loaded on demand: most runs are local. */
async function loadHostPool(settings: MapSettings, log: Log): Promise<ItemPool> {
  const { createHostPool } = await import('./host-pool.js');
  return createHostPool(settings, log);
}

/** Lets the processes exit on their own. */
async function close(pool: ItemPool['pool']): Promise<void> {
  pool.close();
  await pool.join();
}
