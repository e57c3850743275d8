import { type Channel, channel, type TracingChannel, tracingChannel } from 'node:diagnostics_channel';
import type { ProcessEvents } from './events.js';

/**
 * One task on the tracing channel `aiomultiprocess:task`. All its messages carry the same object.
 *
 * @since 0.2.0
 */
export interface TaskTrace {
  /** The name of the pool. */
  pool: string;
  /** The id of its first attempt, unique in the pool. */
  id: number;
  /** The name of the function. */
  task: string;
  /** The arguments of the call: the caller's own objects, not copies. */
  args: readonly unknown[];
  /** The number of its last attempt, from 1. */
  attempt: number;
  /** The process to which it was last sent. */
  pid?: number | undefined;
  /** What the function returned; missing until then, and if the task fails. */
  result?: unknown;
  /** Why the task failed; missing until then, and if it succeeds. */
  error?: unknown;
}

/**
 * `start` when a task is queued, `asyncEnd` when it settles, preceded by `error` if it failed. All attempts of a retried
 * task are one trace.
 */
export const taskChannel: TracingChannel<string, TaskTrace> = tracingChannel('aiomultiprocess:task');

/** Plain channels. A message is the info of the event of that name, and the name of the pool. */
export const processChannels: Readonly<Record<keyof ProcessEvents, Channel>> = {
  processStarted: channel('aiomultiprocess:process:started'),
  processReady: channel('aiomultiprocess:process:ready'),
  processRecycled: channel('aiomultiprocess:process:recycled'),
  processExited: channel('aiomultiprocess:process:exited'),
  finalizerError: channel('aiomultiprocess:process:finalizer-error'),
};
