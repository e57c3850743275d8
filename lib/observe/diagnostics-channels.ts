import { type Channel, channel, type TracingChannel, tracingChannel } from 'node:diagnostics_channel';
import type { ProcessEvents } from './events.js';

/** One task on the tracing channel `aiomultiprocess:task`. All its messages carry the same object. */
export interface TaskTrace {
  /** The name of the pool. */
  pool: string;
  id: number;
  /** The name of the function. */
  task: string;
  args: readonly unknown[];
  attempt: number;
  /** The process to which it was last sent. */
  pid?: number | undefined;
  result?: unknown;
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
