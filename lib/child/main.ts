/**
 * The entry of every child process: opens the pipe, initialises what the parent asks for, and serves.
 *
 * This and what it imports is loaded by each child, so it stays small. It is one file then (`scripts/bundle.js`),
 * and a module of the program that imports the package loads a copy of its own: what both must know is on `globalThis`.
 */
// First of all.
import './ignore-signals.js';
import { constants } from 'node:os';
import * as errors from '../errors.js';
import { forgetHugePages } from '../huge-pages.js';
import type { Channel } from '../ipc/channel.js';
import {
  BOOT_FAILURE,
  FATAL,
  READY,
  SIGNALLED,
  START,
  type StartOptions,
  type ToChild,
  type ToParent,
} from '../ipc/messages.js';
import { registerProxies } from '../manager/client/proxies.js';
import { setImmediate } from '../util/clock.js';
import { boot } from './boot.js';
import { Ending } from './ending.js';
import { Executor } from './executor.js';
import { guardOwnChanges } from './guard.js';
import { onHandledSignal, restoreSignals } from './ignore-signals.js';
import { Output } from './output.js';
import { openPipe } from './pipe.js';
import { reportSpawned } from './report-spawned.js';
import { runTarget } from './run-target.js';
import { createChildState } from './state.js';

forgetHugePages(process.env);
registerProxies();
const state = createChildState(errors);
const output = new Output();
let executor: Executor | undefined;

const channel: Channel<ToChild, ToParent> = openPipe({
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
});
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

function start([, options]: Extract<ToChild, [typeof START, ...unknown[]]>): void {
  // The parent died before the kernel was asked to tell of it. The tasks it sent may still be in the pipe, before its end.
  if (process.ppid !== options.parent) process.exit(0);
  if (options.guarded) guardOwnChanges();
  if (options.reportSpawned) reportSpawned(channel);
  if (options.target === undefined) return initialise(options);
  // All that has come by now is known after this turn of the event loop, also a signal that Node.js has not yet told of.
  setImmediate(() => {
    restoreSignals();
    initialise(options);
  });
}

function initialise(options: StartOptions): void {
  boot(options, state).then(
    async ({ handleError, handlerFound, runInContext, finalize, initTime }) => {
      if (options.target !== undefined) return ending.end(await runTarget(options, channel, state, initTime));
      const { concurrency, reportUsage = false, finalizerTimeout = 0 } = options;
      ending.finalizer = finalize && { run: finalize, timeout: finalizerTimeout };
      channel.post([READY, initTime, handlerFound]);
      channel.flush();
      executor = new Executor({ channel, concurrency, reportUsage, runInContext, state, onError: handleError });
    },
    (error) => {
      if (options.target !== undefined && !options.reportResult) console.error(error);
      channel.postError([BOOT_FAILURE, error]);
      ending.fail();
    },
  );
}
