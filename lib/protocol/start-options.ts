import type { Address } from '../functions/address/address.js';

/** How a child serves: the value of the first message to it. */
export interface StartOptions {
  /** Names the child in its own messages. */
  name: string;
  /** The process id of the parent. A child whose parent has another id has lost it, and exits. */
  parent: number;
  /** Runs first, before any module of the user is imported. */
  loopInitializer?: Address;
  /** Runs before the first task. */
  initializer?: Address;
  initargs?: readonly unknown[];
  /** Runs before the process exits in order. */
  finalizer?: Address;
  finalargs?: readonly unknown[];
  /** The time limit of the finalizer, in milliseconds. */
  finalizerTimeout?: number;
  /** Is called with every error that a task throws. */
  exceptionHandler?: Address;
  /** Runs a task with the captured context of its caller. */
  runInContext?: Address;
  /** The most tasks that run at a time. */
  concurrency: number;
  /** Whether up to `concurrency` tasks always run at a time, whatever they do. */
  isFixed?: boolean;
  /** Whether the child reports its use of memory and time while tasks are not measured, too. */
  reportUsage?: boolean;
  /** The parent keeps another descriptor open, see `child/watchdog.ts`. */
  guarded?: boolean;
  /** Whether the child reports the processes that it starts. */
  reportSpawned?: boolean;
  /** What the keys of its tasks start with, unless a message says otherwise. */
  pool?: string;
  /** A single task, after which the child exits; the child then receives no task messages. */
  target?: Address;
  args?: readonly unknown[];
  /** Whether the result or error of the target is sent; otherwise the child prints the error. */
  reportResult?: boolean;
}
