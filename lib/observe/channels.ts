import { type Channel, channel, type TracingChannel, tracingChannel } from 'node:diagnostics_channel';
import type { ProcessEvents } from './events.js';

/** What the tracing channel `aiomultiprocess:task` tells of one task. The object is the same from its start to its end. */
export interface TaskTrace {
  /** The name of the pool. */
  pool: string;
  id: number;
  /** The name of the function. */
  task: string;
  args: readonly unknown[];
  attempt: number;
  /** The process that it was sent to last. */
  pid?: number | undefined;
  result?: unknown;
  error?: unknown;
}

/**
 * `start` when a task is queued and `asyncEnd` when it is answered, with `error` before if it failed. The runs of a task
 * that is retried are one.
 */
export const taskChannel: TracingChannel<string, TaskTrace> = tracingChannel('aiomultiprocess:task');

/** Plain channels: the events of the same names, and the name of the pool. */
export const processChannels: Readonly<Record<keyof ProcessEvents, Channel>> = {
  processStarted: channel('aiomultiprocess:process:started'),
  processReady: channel('aiomultiprocess:process:ready'),
  processRecycled: channel('aiomultiprocess:process:recycled'),
  processExited: channel('aiomultiprocess:process:exited'),
  finalizerError: channel('aiomultiprocess:process:finalizer-error'),
};
