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
  override readonly name = 'TaskNotFoundError';
}

/** A value cannot travel between processes. */
export class SerializationError extends Error {
  override readonly name = 'SerializationError';

  /** Where the value stands, as in `args[0].user.callback`. */
  readonly path: string;

  constructor(path: string, reason: string, options?: Cause) {
    super(`${path} cannot be sent to another process: ${reason}`, options);
    this.path = path;
  }
}

/** How a process ended. */
export interface ProcessExit {
  pid: number | undefined;
  /** The code it exited with, or `null` if a signal ended it. */
  exitCode: number | null;
  /** The signal that ended it, or `null`. */
  signal: NodeJS.Signals | null;
  /** Whether the task may have begun to run. `false`: it certainly did not. */
  mayHaveStarted: boolean;
}

/** A process ended before it answered. */
export class ProcessExitError extends Error implements ProcessExit {
  override readonly name = 'ProcessExitError';
  readonly pid: number | undefined;
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly mayHaveStarted: boolean;

  constructor(what: string, exit: ProcessExit, options?: Cause) {
    const how = exit.signal === null ? `exited with code ${exit.exitCode}` : `was killed by ${exit.signal}`;
    super(`${what}: process ${exit.pid ?? '(not started)'} ${how} before it answered`, options);
    this.pid = exit.pid;
    this.exitCode = exit.exitCode;
    this.signal = exit.signal;
    this.mayHaveStarted = exit.mayHaveStarted;
  }
}

/** A process could not be made ready: its module does not load, its initializer failed, or it cannot start. */
export class InitializerError extends Error {
  override readonly name = 'InitializerError';
}

/** A process or pool was created while this child process was still importing modules. */
export class BootstrapError extends Error {
  override readonly name = 'BootstrapError';

  constructor(what: string) {
    super(
      `${what} was created while a child process was importing the module that creates it; ` +
        'a child imports the main module again, so guard that code with "if (isMainProcess)"',
    );
  }
}

/** The bytes read from another process do not follow the protocol. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/** `apply`, `map` or `starmap` was called on a pool that takes no more work. */
export class PoolClosedError extends Error {
  override readonly name = 'PoolClosedError';

  constructor() {
    super('pool is closed');
  }
}

/** The pool was terminated before the task was answered. */
export class PoolTerminatedError extends Error {
  override readonly name = 'PoolTerminatedError';

  constructor() {
    super('pool was terminated before the task was answered');
  }
}

/** A method was called at a time when it has no meaning, as `join()` before `start()`. */
export class InvalidStateError extends Error {
  override readonly name = 'InvalidStateError';
}

/** A wait took longer than the caller allowed. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError';
}
