import type { Exit } from '../../process/spawn.js';
import { Deadline } from '../../util/deadline.js';

/** How often a start may fail in a row, and the pause after the first time, in milliseconds. */
const MAX_ATTEMPTS = 3;
const BACKOFF = 50;
const MAX_BACKOFF = 5000;
/** How often in a row a process may be ended from outside while it starts before the pauses grow. */
const MAX_KILLED = 100;

/** Signals by which a person, a supervisor or the kernel ends a process. With any other signal it has failed by itself. */
const FROM_OUTSIDE: ReadonlySet<string | null> = new Set(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT']);

/** Decides whether, and when, to restart a process that ended before it was sent a task. */
export class RestartPolicy {
  /** How long a start may take, and may be repeated, in milliseconds; 0: no limit. */
  readonly #startTimeout: number;
  #failed = 0;
  #killed = 0;
  /** Runs while starts that were ended from outside are repeated. */
  #repeating: Deadline | undefined;
  #isRepeatedLong = false;

  constructor(startTimeout: number) {
    this.#startTimeout = startTimeout;
  }

  /** A process is ready. It may still end before it is sent a task, as one whose initializer failed. */
  onReady(): void {
    this.#killed = 0;
    this.#isRepeatedLong = false;
    this.#repeating?.clear();
    this.#repeating = undefined;
  }

  /** The process has worked, or circumstances have changed. */
  reset(): void {
    this.onReady();
    this.#failed = 0;
  }

  /**
   * @param wasLate - the start took longer than it may.
   * @returns the pause before the next start, in milliseconds, or why there should be none.
   */
  next({ signal }: Exit, wasLate: boolean): number | string {
    if (wasLate) return `was not ready within ${this.#startTimeout} ms`;
    if (FROM_OUTSIDE.has(signal)) return this.#repeat();
    if (++this.#failed === MAX_ATTEMPTS) return `could not be made ready in ${MAX_ATTEMPTS} attempts`;
    return pauseAfter(this.#failed - 1);
  }

  #repeat(): number | string {
    if (this.#isRepeatedLong) {
      return `could not be made ready: whenever it was started within ${this.#startTimeout} ms it was killed`;
    }
    if (this.#startTimeout > 0) {
      this.#repeating ??= new Deadline(this.#startTimeout, () => {
        this.#isRepeatedLong = true;
      });
    }
    return pauseAfter(Math.max(this.#killed++ - MAX_KILLED, 0));
  }
}

function pauseAfter(times: number): number {
  return Math.min(BACKOFF * 2 ** times, MAX_BACKOFF);
}
