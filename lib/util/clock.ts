/**
 * The timers and clocks of Node.js, as they were when the package was loaded.
 *
 * A test that mocks timers must not replace those that decide about processes and retries. The linter forbids the
 * globals of the same names in other modules.
 */
import { performance as realPerformance } from 'node:perf_hooks';
import timers from 'node:timers';
import { runInThisContext } from 'node:vm';
import { BootstrapError } from '../errors.js';

/**
 * The global object of Node.js itself.
 *
 * Jest runs tests in another context, with a copy of `process` that its fake timers change. It does not copy the
 * modules of Node.js, so their functions distinguish the two contexts.
 */
const realm =
  timers.setTimeout instanceof Function ? globalThis : (runInThisContext('globalThis') as typeof globalThis);
// Not under the name `process`: the bundle checks the version of Node.js before, by the global of that name.
const { process: realProcess, queueMicrotask } = realm;
const { nextTick } = realProcess;

export { nextTick, queueMicrotask };

export let { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate } = timers;

export const performance = {
  now: realPerformance.now.bind(realPerformance),
  eventLoopUtilization: realPerformance.eventLoopUtilization.bind(realPerformance),
};

/** The clock that all processes of the machine share, in nanoseconds. */
export const readMachineClock: () => bigint = realProcess.hrtime.bigint;

export const RealDate = Date;

/** Resolves after this many milliseconds; with `ref: false` the program may end before. */
export function sleep(time: number, { ref = true } = {}): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, time);
    if (!ref) timer.unref();
  });
}

/** Resolves in the next turn of the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * Reads the timers again if they were mocked when the package was loaded.
 *
 * @throws {@link BootstrapError} if they still are.
 */
export function requireRealTimers(): void {
  if (areReal()) return;
  ({ setTimeout, clearTimeout, setInterval, clearInterval, setImmediate } = timers);
  if (!areReal()) {
    throw new BootstrapError(
      'the timers of node:timers are mocked, and were when the package aiomultiprocess was loaded; ' +
        'import the package before mock.timers.enable() is called',
    );
  }
}

/** Node.js lists the timers that keep a program running; mocked timers are not among them. */
function areReal(): boolean {
  const before = realProcess.getActiveResourcesInfo().length;
  const timeout = setTimeout(() => {}, 1000);
  const interval = setInterval(() => {}, 1000);
  setImmediate(() => {});
  const after = realProcess.getActiveResourcesInfo().length;
  clearTimeout(timeout);
  clearInterval(interval);
  return after === before + 3;
}
