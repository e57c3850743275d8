/**
 * The entry of every child process: opens the pipe, initialises what the parent asks for, and serves.
 *
 * This and what it imports is loaded by each child, so it stays small. It is one file then (`scripts/bundle.js`),
 * and a module of the program that imports the package loads a copy of its own: what both must know is on `globalThis`.
 */
// First of all.
import '../process/ignore-signals.js';
import { constants } from 'node:os';
import type { Channel } from '../ipc/channel.js';
import { failureOf } from '../ipc/decoder.js';
import { registerProxies } from '../manager/client/proxies.js';
import { createChildState } from '../process/child-state.js';
import { onHandledSignal, restoreSignals } from '../process/ignore-signals.js';
import { forgetMallocSettings } from '../process/malloc-settings.js';
import { openPipe } from '../process/open-pipe.js';
import { BOOT_FAILURE, FATAL, READY, SIGNALLED, START, type ToChild, type ToParent } from '../protocol/messages.js';
import type { StartOptions } from '../protocol/start-options.js';
import { MappedBlocks } from '../shared-memory/mapped-blocks.js';
import { registerSharedMemory } from '../shared-memory/register.js';
import { setImmediate } from '../util/clock.js';
import { boot } from './boot.js';
import { Ending } from './ending.js';
import { Executor } from './executor.js';
import { Output } from './output.js';
import { reportSpawned } from './report-spawned.js';
import { runTarget } from './run-target.js';
import { watchOwnChanges } from './watchdog.js';

forgetMallocSettings(process.env);
registerProxies();
registerSharedMemory();
const state = createChildState();
const output = new Output();
const memory = new MappedBlocks();
let executor: Executor | undefined;

const channel: Channel<ToChild, ToParent> = openPipe(
  {
    onMessages(messages) {
      if (messages[0]?.[0] === START) start(messages.shift() as Extract<ToChild, [typeof START, ...unknown[]]>);
      executor?.accept(messages);
    },
    onDrain() {
      executor?.onDrain();
    },
    // What a task has printed until it was answered is never lost. What an initializer prints must not delay the start.
    beforeWrite: (write) => (executor === undefined ? write() : output.hold(write)),
    onEnd: () => ending.onPipeEnd(),
  },
  memory,
);
const ending = new Ending(channel, output, { abort: async () => executor?.abort() });

onHandledSignal((signal) => {
  channel.post([SIGNALLED, constants.signals[signal]]);
  channel.flush();
});
process.on('uncaughtException', (error) => {
  console.error(error);
  channel.postError([FATAL, error]);
  ending.fail();
});
// A task may end the process: those that have ended before it are answered.
process.on('exit', () => channel.flush());

function start(message: Extract<ToChild, [typeof START, ...unknown[]]>): void {
  const [, options] = message;
  // The parent died before the kernel was asked to tell of it. The tasks it sent may still be in the pipe, before its end.
  if (process.ppid !== options.parent) process.exit(0);
  if (options.guarded) watchOwnChanges();
  if (options.reportSpawned) reportSpawned(channel);
  const failure = failureOf(message);
  if (options.target === undefined) return initialise(options, failure);
  // A signal that comes while this message is handled is seen when the event loop has come round once more.
  setImmediate(setImmediate, () => {
    restoreSignals();
    initialise(options, failure);
  });
}

/** @param failure - why an argument of the initializer or the target could not be made in this process. */
function initialise(options: StartOptions, failure: Error | undefined): void {
  const booted = failure === undefined ? boot(options, state) : Promise.reject(failure);
  booted.then(
    async ({ handleError, handlerFound, runInContext, finalize, initTime }) => {
      if (options.target !== undefined) return ending.end(await runTarget(options, channel, state, initTime));
      const { pool = '', concurrency, isFixed = false, reportUsage = false, finalizerTimeout = 0 } = options;
      ending.finalizer = finalize && { run: finalize, timeout: finalizerTimeout };
      channel.post([READY, initTime, handlerFound]);
      channel.flush();
      executor = new Executor({
        channel,
        pool,
        memory,
        concurrency,
        isFixed,
        reportUsage,
        runInContext,
        state,
        onError: handleError,
      });
    },
    (error) => {
      if (options.target !== undefined && !options.reportResult) console.error(error);
      channel.postError([BOOT_FAILURE, error]);
      ending.fail();
    },
  );
}
