import { load } from '../functions/load/load.js';
import type { Channel } from '../ipc/channel.js';
import { type ChildState, callIn, NO_TASK } from '../process/child-state.js';
import { saveCompiledCode } from '../process/compile-cache.js';
import { FAILURE, READY, type ToChild, type ToParent } from '../protocol/messages.js';
import type { StartOptions } from '../protocol/start-options.js';

/**
 * Runs the one function that a `Process` or `Worker` was started for.
 *
 * @returns the exit code of the child; undefined: the one that the function has set, as with any program.
 */
export async function runTarget(
  options: StartOptions,
  channel: Channel<ToChild, ToParent>,
  state: ChildState,
  initTime: number,
): Promise<number | undefined> {
  try {
    const target = await load(options.target as NonNullable<StartOptions['target']>);
    saveCompiledCode();
    // Before the target is called, which may be in a busy loop.
    channel.post([READY, initTime, false]);
    channel.flush();
    const result = await callIn(state, NO_TASK, target, options.args ?? []);
    if (options.reportResult) channel.postResult(0, result);
    return undefined;
  } catch (error) {
    if (options.reportResult) channel.postError([FAILURE, 0, error]);
    else console.error(error);
    return 1;
  }
}
