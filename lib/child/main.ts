/**
 * The entry of every child process: opens the pipe, initialises what the parent asks for, and serves.
 *
 * This and what it imports is loaded by each child, so it stays small. It is one file then (`scripts/bundle.js`),
 * and a module of the program that imports the package loads a copy of its own: what both must know is on `globalThis`.
 */
import * as errors from '../errors.js';
import { forgetHugePages } from '../huge-pages.js';
import type { Channel } from '../ipc/channel.js';
import { BOOT_FAILURE, FATAL, READY, SHUTDOWN, START, type ToChild, type ToParent } from '../ipc/messages.js';
import { registerProxies } from '../manager/client/proxies.js';
import { boot } from './boot.js';
import { Executor } from './executor.js';
import { openPipe } from './pipe.js';
import { runTarget } from './run-target.js';
import { createChildState } from './state.js';

forgetHugePages(process.env);
registerProxies();
const state = createChildState(errors);
let executor: Executor | undefined;

const channel: Channel<ToChild, ToParent> = openPipe({
  onMessages(messages) {
    if (messages[0]?.[0] === START) start(messages.shift() as Extract<ToChild, [typeof START, ...unknown[]]>);
    executor?.accept(messages);
    if (messages.at(-1)?.[0] === SHUTDOWN) exit(0);
  },
  onDrain() {
    executor?.onDrain();
  },
  // The parent is gone, or does not want this process any more.
  onEnd: () => process.exit(0),
});

// A terminal sends Ctrl-C to the whole group; what it means is for the parent to decide.
process.on('SIGINT', () => {});
process.on('uncaughtException', (error) => {
  console.error(error);
  channel.postError([FATAL, error]);
  exit(1);
});

function start([, options]: Extract<ToChild, [typeof START, ...unknown[]]>): void {
  // The parent died before the kernel was asked to tell of it. The tasks it sent may still be in the pipe, before its end.
  if (process.ppid !== options.parent) process.exit(0);
  boot(options, state).then(
    async ({ handleError, handlerFound, runInContext, initTime }) => {
      if (options.target !== undefined) return exit(await runTarget(options, channel, state));
      const { concurrency, reportUsage = false } = options;
      executor = new Executor({ channel, concurrency, reportUsage, runInContext, state, onError: handleError });
      channel.post([READY, initTime, handlerFound]);
      channel.flush();
    },
    (error) => {
      if (options.target !== undefined && !options.reportResult) console.error(error);
      channel.postError([BOOT_FAILURE, error]);
      exit(1);
    },
  );
}

/** Open handles, which tasks and initializers leave behind, must not keep a finished child alive. */
function exit(code: number | undefined): void {
  channel.end(() => process.exit(code ?? process.exitCode));
}
