/**
 * Every error class of the package, one each.
 *
 * A message names the thing, what was expected and what to do.
 */

/** Options of {@link Error} that the classes below pass on. */
interface Cause {
  cause?: unknown;
}

/** A function cannot be found again in another process: it has no export, or more than one fits. */
export class TaskNotFoundError extends Error {
  static {
    TaskNotFoundError.prototype.name = 'TaskNotFoundError';
  }
}

/** A value cannot travel between processes. */
export class SerializationError extends Error {
  static {
    SerializationError.prototype.name = 'SerializationError';
  }

  /** Where the value stands, as in `args[0].user.callback`. */
  readonly path: string;

  constructor(path: string, reason: string, options?: Cause) {
    super(`${path} cannot be sent to another process: ${reason}`, options);
    this.path = path;
  }

  /** @internal What reading or writing a value has thrown, named by the path of the value. */
  static from(error: unknown, path: string): SerializationError {
    if (error instanceof SerializationError) return error;
    return new SerializationError(path, error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/**
 * Stands, in an error that came from another process, for parts that were left out: the parts of errors in one message
 * may take 32 MiB.
 */
export class OmittedPartsError extends Error {
  static {
    OmittedPartsError.prototype.name = 'OmittedPartsError';
  }
  /** How many objects and texts were left out, not counting what was reached only through them. */
  readonly count: number;

  /** @internal */
  constructor(count: number, limit: number) {
    super(`${count} parts of an error were left out: beyond ${limit} bytes they do not travel`);
    this.count = count;
  }
}

/** How a process ended. */
export interface ProcessExit {
  pid: number | undefined;
  /** The code it exited with, or `null` if a signal ended it. */
  exitCode: number | null;
  /** The signal that ended it, also by a listener of your own that exits, or `null`. */
  signal: NodeJS.Signals | null;
  /** Whether the task may have begun to run. `false`: it certainly did not. */
  mayHaveStarted: boolean;
}

/** A process ended before it answered. */
export class ProcessExitError extends Error implements ProcessExit {
  static {
    ProcessExitError.prototype.name = 'ProcessExitError';
  }
  readonly pid: number | undefined;
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly mayHaveStarted: boolean;

  constructor(what: string, exit: ProcessExit, options?: Cause) {
    const { exitCode, signal } = exit;
    const how =
      exitCode === null
        ? signal === null
          ? 'was lost'
          : `was killed by ${signal}`
        : `exited with code ${exitCode}${signal ? ` on ${signal}` : ''}`;
    super(`${what}: process ${exit.pid ?? '(not started)'} ${how} before it answered`, options);
    this.pid = exit.pid;
    this.exitCode = exit.exitCode;
    this.signal = exit.signal;
    this.mayHaveStarted = exit.mayHaveStarted;
  }
}

/** A task ended its process, and did so again each time it was run again. */
export class PoisonousTaskError extends ProcessExitError {
  static {
    PoisonousTaskError.prototype.name = 'PoisonousTaskError';
  }

  constructor(task: string, runs: number, exit: ProcessExit, options?: Cause) {
    super(`${task} was run ${runs} times, and each time its process ended; the last`, exit, options);
  }
}

/** A process could not be made ready: its module does not load, its initializer failed, or it cannot start. */
export class InitializerError extends Error {
  static {
    InitializerError.prototype.name = 'InitializerError';
  }
}

/** This program cannot start processes as it is: the message says why, and what to do. */
export class BootstrapError extends Error {
  static {
    BootstrapError.prototype.name = 'BootstrapError';
  }
}

/** The bytes read from another process do not follow the protocol. */
export class ProtocolError extends Error {
  static {
    ProtocolError.prototype.name = 'ProtocolError';
  }
}

/** `apply`, `map` or `starmap` was called on a pool that takes no more work. */
export class PoolClosedError extends Error {
  static {
    PoolClosedError.prototype.name = 'PoolClosedError';
  }

  constructor() {
    super('pool is closed');
  }
}

/** The pool was terminated before the task was answered. */
export class PoolTerminatedError extends Error {
  static {
    PoolTerminatedError.prototype.name = 'PoolTerminatedError';
  }

  constructor() {
    super('pool was terminated before the task was answered');
  }
}

/**
 * A task has run for longer than its call, or the pool, allows; or its module takes longer to import than the pool's
 * `startTimeout` allows, and the task was never called.
 */
export class TaskTimeoutError extends Error {
  static {
    TaskTimeoutError.prototype.name = 'TaskTimeoutError';
  }
  /** The process that ran it. */
  readonly pid: number | undefined;
  /** How long it was allowed to run, or its module to be imported, in milliseconds. */
  readonly timeout: number;
  /** The module whose import takes too long; `undefined` if it is the task that does. */
  readonly module: string | undefined;

  constructor(task: string, timeout: number, pid: number | undefined, module?: string) {
    super(
      module === undefined
        ? `${task} has run for more than ${timeout} ms, in process ${pid}`
        : `${task} was not called: importing ${module} takes more than ${timeout} ms, in process ${pid}`,
    );
    this.pid = pid;
    this.timeout = timeout;
    this.module = module;
  }
}

/** As many tasks wait as the pool allows (`maxQueueSize`), or a manager's queue holds as many items as it may (`maxSize`). */
export class QueueFullError extends Error {
  static {
    QueueFullError.prototype.name = 'QueueFullError';
  }
}

/** `getNowait` found nothing in a manager's queue. */
export class QueueEmptyError extends Error {
  static {
    QueueEmptyError.prototype.name = 'QueueEmptyError';
  }

  constructor() {
    super('the queue is empty; get() waits for an item');
  }
}

/** A manager's queue was closed: it takes no more items, or the last one is gone. */
export class QueueClosedError extends Error {
  static {
    QueueClosedError.prototype.name = 'QueueClosedError';
  }
}

/** Those who wait at a barrier will never all be there: one has given up, or `reset()` or `abort()` was called. */
export class BrokenBarrierError extends Error {
  static {
    BrokenBarrierError.prototype.name = 'BrokenBarrierError';
  }

  constructor(why: string) {
    super(`the barrier is broken: ${why}`);
  }
}

/** The server of a manager's objects is gone: the manager was closed, or its process has died. */
export class ManagerClosedError extends Error {
  static {
    ManagerClosedError.prototype.name = 'ManagerClosedError';
  }

  constructor(why: string, options?: Cause) {
    super(`the manager is closed: ${why}`, options);
  }
}

/** A method was called at a time when it has no meaning, as `join()` before `start()`. */
export class InvalidStateError extends Error {
  static {
    InvalidStateError.prototype.name = 'InvalidStateError';
  }
}

/** A wait took longer than the caller allowed. */
export class TimeoutError extends Error {
  static {
    TimeoutError.prototype.name = 'TimeoutError';
  }
}

/** A package that only some programs need is not installed. */
export class MissingPackageError extends Error {
  static {
    MissingPackageError.prototype.name = 'MissingPackageError';
  }
  /** What to install. */
  readonly package: string;

  constructor(entry: string, name: string, options?: Cause) {
    super(`${entry} needs the package ${name}, which is not installed: npm install ${name}`, options);
    this.package = name;
  }
}

/** Each host that ran a task of a distributed pool was lost before it answered: the task may be what ends them. */
export class HostLostError extends Error {
  static {
    HostLostError.prototype.name = 'HostLostError';
  }

  constructor(task: string) {
    super(`${task} was run by several hosts, and each was lost before it answered; does it take more than they have?`);
  }
}

/** The datastore of a distributed pool did not take a task. */
export class QueueError extends Error {
  static {
    QueueError.prototype.name = 'QueueError';
  }
}
