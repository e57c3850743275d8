import { FULL, shareOf } from '../protocol/load.js';
import { performance, setTimeout } from '../util/clock.js';

/** A process works on as many short tasks as take this long together, in milliseconds: it would wait between them. */
const MIN_WORK = 2;
/** Up to this length of a task, in milliseconds, one more is there when it ends; behind a longer one it would wait too long. */
const MAX_NEXT = 10;
/** How much longer than measured tasks may wait before the process is idle. */
const RESERVE = 2;
/** Waits of a smaller part of the time are no reason to begin another task. */
const NEGLIGIBLE = 0.1;
/** The largest ratio of waiting to work that is kept: beyond it, all places are used anyway. */
const MAX_WAITS = 1000;
/** From this utilization on, the process is busy. */
const SATURATED = 0.95;
/** How much a measurement of the work counts against those before it, and how much is kept of waits that do not show. */
const WEIGHT = 0.3;
const KEPT = 0.95;
/** A measurement covers at least this many tasks, or milliseconds. */
const MIN_ENDED = 8;
const MIN_TIME = 20;
/** When to look whether none of the tasks has ended: first, and at most, in milliseconds. */
const FIRST_LOOK = 10;
const MAX_LOOK = 1000;
/** From this length on, in milliseconds, it matters which process gets one of the last tasks. */
const LONG = 4;
/** A function of which more run at a time mostly waits. */
const MAX_COMPUTING = 4;

/** What happened since the last measurement of a function, in milliseconds. */
interface Window {
  /** How many of its tasks have ended. */
  ended: number;
  /** What the event loop did for them, and the sum of the times that they waited while it had nothing to do. */
  active: number;
  waited: number;
  /** What the event loop did while they ran. */
  busy: number;
  idle: number;
}

/** How the tasks of a function use this process. */
export class FunctionLoad {
  readonly id: number;
  /** How many of its tasks run at a time if no others do, and what each takes then. */
  limit: number;
  share: number;
  running = 0;
  /** Tasks that have ended since the event loop was looked at, and those that ran then. */
  ended = 0;
  wereRunning = 0;
  /** How long a task keeps the event loop busy, in milliseconds, and how many times as long it waits. */
  work = Number.NaN;
  waits = 0;
  /** Whether its tasks compute for so long that the last ones should go to processes that are free. */
  isLong = false;
  /** Whether one runs, or has ended since the event loop was looked at. */
  isMeasured = false;
  window: Window = createWindow();
  /** When one has ended last. */
  lastEnd = Number.NaN;

  constructor(id: number, limit: number) {
    this.id = id;
    this.limit = limit;
    this.share = shareOf(limit);
  }
}

function createWindow(): Window {
  return { ended: 0, active: 0, waited: 0, busy: 0, idle: 0 };
}

/**
 * Decides how many tasks run at a time: as many as keep this process busy, up to a maximum.
 *
 * Of a function that mostly waits that are many, and all at once. Of one that computes it is one, and the next: a task that
 * has begun cannot go to another process that is free. The measure is how long tasks wait while the event loop has nothing to
 * do. Nothing is known of a new function, so as many of its tasks as may run at a time do until the first has ended.
 */
export class ConcurrencyControl {
  readonly #max: number;
  readonly #isFixed: boolean;
  readonly #onChange: (fn: FunctionLoad) => void;
  /** The shares of the tasks that run. */
  #load = 0;
  /** Functions of which a task runs, or has ended since the event loop was looked at. */
  readonly #running = new Set<FunctionLoad>();
  #lastActive = 0;
  #lastIdle = 0;
  #timer: NodeJS.Timeout | undefined;
  #delay = FIRST_LOOK;

  /**
   * @param max - the most tasks that run at a time.
   * @param isFixed - always run up to `max` tasks, and measure nothing.
   * @param onChange - the limit of a function has changed, or whether it is long.
   */
  constructor(max: number, isFixed: boolean, onChange: (fn: FunctionLoad) => void) {
    this.#max = max;
    this.#isFixed = isFixed || max === 1;
    this.#onChange = onChange;
    if (!this.#isFixed) this.#read();
  }

  /** A function that this process has not called before. */
  add(id: number): FunctionLoad {
    return new FunctionLoad(id, this.#max);
  }

  mayStart({ running, limit }: FunctionLoad): boolean {
    return running < limit && this.#load < FULL;
  }

  /** Whether all running tasks together keep the event loop busy for less than `time` milliseconds, as far as is known. */
  comesRoundWithin(time: number): boolean {
    let work = 0;
    for (const fn of this.#running) work += fn.running * fn.work;
    return work < time && !this.#isFixed;
  }

  onStart(fn: FunctionLoad): void {
    fn.running++;
    this.#load += fn.share;
    if (this.#isFixed) return;
    if (!fn.isMeasured) {
      if (this.#running.size === 0) this.#read();
      fn.isMeasured = true;
      this.#running.add(fn);
    }
    if (fn.limit < this.#max && this.#timer === undefined) this.#watch();
  }

  onEnd(fn: FunctionLoad): void {
    fn.running--;
    fn.ended++;
    this.#load -= fn.share;
  }

  /** Looks at the event loop: to be called in each turn of it in which a task may have started or ended. */
  measure(): void {
    if (this.#running.size === 0) return;
    const { active, idle } = this.#read();
    let allEnded = 0;
    let allRunning = 0;
    for (const { ended, wereRunning } of this.#running) {
      allEnded += ended;
      allRunning += wereRunning;
    }
    if (allEnded > 0) this.#delay = FIRST_LOOK;
    for (const fn of this.#running) {
      // What the loop did for which function is unknown. Mostly it was for tasks that have ended.
      const part = allEnded > 0 ? fn.ended / allEnded : fn.wereRunning / Math.max(allRunning, 1);
      const { window } = fn;
      window.active += active * part;
      window.waited += idle * fn.wereRunning;
      window.busy += active;
      if (fn.wereRunning > 0) window.idle += idle;
      window.ended += fn.ended;
      if (fn.ended > 0 || Number.isNaN(fn.lastEnd)) fn.lastEnd = this.#now;
      fn.ended = 0;
      fn.wereRunning = fn.running;
      if (fn.running === 0) {
        this.#running.delete(fn);
        fn.isMeasured = false;
      }
      this.#review(fn);
    }
  }

  #review(fn: FunctionLoad): void {
    const { ended, active, waited, busy, idle } = fn.window;
    const isNew = Number.isNaN(fn.work);
    if (ended === 0 || (!isNew && ended < MIN_ENDED && busy + idle < MIN_TIME)) return;
    const work = active / ended;
    fn.work = isNew ? work : fn.work + WEIGHT * (work - fn.work);
    const waits = measureWaits(waited, active);
    // A busy process hides how long its tasks would wait, so that is forgotten slowly.
    fn.waits = isNew || waits > fn.waits ? waits : KEPT * fn.waits + (1 - KEPT) * waits;
    fn.window = createWindow();
    this.#setLimit(fn, this.#chooseLimit(fn));
  }

  #chooseLimit({ work, waits }: FunctionLoad): number {
    const overlapping = Math.ceil(RESERVE * waits - NEGLIGIBLE);
    const next = work > MAX_NEXT ? 0 : 1;
    const short = work > 0 ? Math.floor(MIN_WORK / work) : this.#max;
    return Math.min(Math.max(1 + Math.max(overlapping, next), short), this.#max);
  }

  #setLimit(fn: FunctionLoad, limit: number): void {
    // At the maximum nothing would tell any longer that its tasks wait for those which the parent has kept back.
    const isLong = fn.work >= LONG && limit <= MAX_COMPUTING && limit < this.#max;
    if (limit === fn.limit && isLong === fn.isLong) return;
    const share = shareOf(limit);
    this.#load += fn.running * (share - fn.share);
    fn.limit = limit;
    fn.share = share;
    fn.isLong = isLong;
    this.#onChange(fn);
    if (limit < this.#max && this.#timer === undefined) this.#watch();
  }

  #watch(): void {
    this.#timer = setTimeout(this.#look, this.#delay).unref();
  }

  /**
   * Tasks may wait for others that have not begun. So another one begins when the process has nothing to do, and also if none
   * has ended for a long time.
   */
  readonly #look = (): void => {
    this.#timer = undefined;
    this.#delay = Math.min(this.#delay * 2, MAX_LOOK);
    this.measure();
    let isLimited = false;
    for (const fn of this.#running) {
      if (fn.limit === this.#max) continue;
      isLimited = true;
      const { ended, active, waited, busy, idle } = fn.window;
      if (ended > 0 || busy + idle < FIRST_LOOK / 2) continue;
      if (busy < SATURATED * (busy + idle)) {
        fn.waits = Math.max(fn.waits, measureWaits(waited, active));
        this.#setLimit(fn, Math.max(fn.limit, this.#chooseLimit(fn)));
      } else if (this.#now - fn.lastEnd >= MAX_LOOK) {
        this.#setLimit(fn, Math.min(fn.limit * 2, this.#max));
      }
    }
    if (isLimited && this.#timer === undefined) this.#watch();
  };

  /** @returns how long the event loop was active and idle since the last call, in milliseconds. */
  #read(): { active: number; idle: number } {
    const { active, idle } = performance.eventLoopUtilization();
    const passed = { active: active - this.#lastActive, idle: idle - this.#lastIdle };
    this.#lastActive = active;
    this.#lastIdle = idle;
    return passed;
  }

  /** In milliseconds, since the event loop began. */
  get #now(): number {
    return this.#lastActive + this.#lastIdle;
  }
}

/** How many times as long as it is worked on a task waits. Limited, so that it can be forgotten. */
function measureWaits(waited: number, active: number): number {
  return waited > 0 ? Math.min(waited / active, MAX_WAITS) : 0;
}
