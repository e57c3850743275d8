/**
 * Every error class of the package. A message says what was given, what was expected and what to do.
 */

/** The options of {@link Error} that the classes below pass on. */
interface Cause {
  cause?: unknown;
}

/** The symbols by which `instanceof` recognises the instances of a class that another copy of the package made. */
const marks = new Map<unknown, symbol>();

/**
 * The `code` of every error of the package: `ERR_AIOMULTIPROCESS_` and the name of its class without `Error`.
 *
 * @since 0.2.0
 */
export type ErrorCode =
  | TaskNotFoundError['code']
  | SerializationError['code']
  | OmittedPartsError['code']
  | ProcessExitError['code']
  | PoisonousTaskError['code']
  | InitializerError['code']
  | BootstrapError['code']
  | ProtocolError['code']
  | PoolClosedError['code']
  | PoolTerminatedError['code']
  | TaskTimeoutError['code']
  | TaskExpiredError['code']
  | QueueFullError['code']
  | QueueEmptyError['code']
  | QueueClosedError['code']
  | BrokenBarrierError['code']
  | ManagerClosedError['code']
  | InvalidStateError['code']
  | TimeoutError['code']
  | MissingPackageError['code']
  | SharedMemoryError['code']
  | HostLostError['code']
  | QueueError['code'];

/**
 * The base class of all errors of the package; `code` tells them apart and never changes.
 *
 * A process may load the package more than once: as ES and as CommonJS modules, in two versions, and in a child also as
 * part of the child's own bundle. `instanceof` recognises the errors of all copies.
 *
 * @example
 * ```ts
 * try {
 *   await pool.apply(resize, [file]);
 * } catch (error) {
 *   if (!(error instanceof AiomultiprocessError)) throw error; // The task threw it.
 *   switch (error.code) {
 *     case 'ERR_AIOMULTIPROCESS_TASK_TIMEOUT':
 *     case 'ERR_AIOMULTIPROCESS_PROCESS_EXIT':
 *       return retryLater(file);
 *     default:
 *       throw error;
 *   }
 * }
 * ```
 * @since 0.2.0
 */
export abstract class AiomultiprocessError extends Error {
  /** Tells the errors of the package apart, and never changes. */
  declare readonly code: ErrorCode;

  /** @internal */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: every class inherits this method.
    return isInstance(this, value);
  }

  static {
    mark(AiomultiprocessError, 'AiomultiprocessError');
  }
}

function isInstance(errorClass: unknown, value: unknown): boolean {
  if (Function.prototype[Symbol.hasInstance].call(errorClass, value)) return true;
  // A class of the program that extends one of these has no mark.
  const mark = marks.get(errorClass);
  return mark !== undefined && typeof value === 'object' && value !== null && mark in value;
}

function mark(errorClass: { prototype: AiomultiprocessError }, name: string): void {
  const symbol = Symbol.for(`aiomultiprocess.${name}`);
  marks.set(errorClass, symbol);
  Object.defineProperty(errorClass.prototype, symbol, { value: true });
}

/**
 * Names a class. Name and code are on the prototype: an error that comes from another process is made without its
 * constructor. The name is a literal because minifiers rename classes.
 */
function define<E extends AiomultiprocessError>(errorClass: { prototype: E }, name: string, code: E['code']): void {
  mark(errorClass, name);
  Object.assign(errorClass.prototype, { name, code });
}

/**
 * No other process can find a function: its module does not export it, or more than one export fits.
 *
 * @since 0.2.0
 */
export class TaskNotFoundError extends AiomultiprocessError {
  /** Tells the errors of the package apart, and never changes. */
  declare readonly code: 'ERR_AIOMULTIPROCESS_TASK_NOT_FOUND';

  static {
    define(TaskNotFoundError, 'TaskNotFoundError', 'ERR_AIOMULTIPROCESS_TASK_NOT_FOUND');
  }
}

/**
 * A value cannot be sent to another process.
 *
 * @since 0.2.0
 */
export class SerializationError extends AiomultiprocessError {
  /** Tells the errors of the package apart, and never changes. */
  declare readonly code: 'ERR_AIOMULTIPROCESS_SERIALIZATION';
  /** Where the value is, as in `args[0].user.callback`. */
  readonly path: string;

  static {
    define(SerializationError, 'SerializationError', 'ERR_AIOMULTIPROCESS_SERIALIZATION');
  }

  constructor(path: string, reason: string, options?: Cause) {
    super(`${path} cannot be sent to another process: ${reason}`, options);
    this.path = path;
  }

  /** @internal Adds the path of a value to the error that reading or writing it threw, unless that says enough. */
  static from(error: unknown, path: string): SerializationError | SharedMemoryError {
    if (error instanceof SerializationError || error instanceof SharedMemoryError) return error;
    return new SerializationError(path, error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/**
 * Stands for omitted parts inside an error that came from another process: the parts of all errors in one message may
 * take 32 MiB.
 *
 * @since 0.2.0
 */
export class OmittedPartsError extends AiomultiprocessError {
  /** Tells the errors of the package apart, and never changes. */
  declare readonly code: 'ERR_AIOMULTIPROCESS_OMITTED_PARTS';
  /** The number of omitted objects and texts, without those that only they refer to. */
  readonly count: number;

  static {
    define(OmittedPartsError, 'OmittedPartsError', 'ERR_AIOMULTIPROCESS_OMITTED_PARTS');
  }

  /** @internal */
  constructor(count: number, limit: number) {
    super(`${count} parts of an error were left out: the errors of one message may take ${limit} bytes`);
    this.count = count;
  }
}

/**
 * How a process ended.
 *
 * @since 0.2.0
 */
export interface ProcessExit {
  /** The process; `undefined` if it could not be started. */
  pid: number | undefined;
  /** The code it exited with, or `null` if a signal ended it. */
  exitCode: number | null;
  /** The signal that ended it, also through a listener of the program that exits, or `null`. */
  signal: NodeJS.Signals | null;
  /** Whether the task may have started. `false`: it certainly did not. */
  mayHaveStarted: boolean;
}

/**
 * A process ended before it answered.
 *
 * @since 0.2.0
 */
export class ProcessExitError extends AiomultiprocessError implements ProcessExit {
  /** Tells the errors of the package apart, and never changes. */
  declare readonly code: 'ERR_AIOMULTIPROCESS_PROCESS_EXIT' | 'ERR_AIOMULTIPROCESS_POISONOUS_TASK';
  /** The process; `undefined` if it could not be started. */
  readonly pid: number | undefined;
  /** The code it exited with, or `null` if a signal ended it. */
  readonly exitCode: number | null;
  /** The signal that ended it, also through a listener of the program that exits, or `null`. */
  readonly signal: NodeJS.Signals | null;
  /** Whether the task may have started. `false`: it certainly did not. */
  readonly mayHaveStarted: boolean;

  static {
    define(ProcessExitError, 'ProcessExitError', 'ERR_AIOMULTIPROCESS_PROCESS_EXIT');
  }

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

/**
 * A task ended its process in its first run and in each retry.
 *
 * @since 0.2.0
 */
export class PoisonousTaskError extends ProcessExitError {
  /** Tells the errors of the package apart, and never changes. */
  declare readonly code: 'ERR_AIOMULTIPROCESS_POISONOUS_TASK';

  static {
    define(PoisonousTaskError, 'PoisonousTaskError', 'ERR_AIOMULTIPROCESS_POISONOUS_TASK');
  }

  constructor(task: string, runs: number, exit: ProcessExit, options?: Cause) {
    super(`${task} was run ${runs} times, and each time its process ended; the last`, exit, options);
  }
}

/**
 * A process did not become ready: its module does not load, its initializer failed, or it cannot start.
 *
 * @since 0.2.0
 */
export class InitializerError extends AiomultiprocessError {
  /** Tells the errors of the package apart, and never changes. */
  declare readonly code: 'ERR_AIOMULTIPROCESS_INITIALIZER';

  static {
    define(InitializerError, 'InitializerError', 'ERR_AIOMULTIPROCESS_INITIALIZER');
  }
}

/**
 * This program cannot start processes as it is: the message says why, and what to do.
 *
 * @since 0.2.0
 */
export class BootstrapError extends AiomultiprocessError {
  /** Tells the errors of the package apart, and never changes. */
  declare readonly code: 'ERR_AIOMULTIPROCESS_BOOTSTRAP';

  static {
    define(BootstrapError, 'BootstrapError', 'ERR_AIOMULTIPROCESS_BOOTSTRAP');
  }
}

/**
 * The bytes read from another process do not follow the protocol.
 *
 * @since 0.2.0
 */
export class ProtocolError extends AiomultiprocessError {
  /** Tells the errors of the package apart, and never changes. */
  declare readonly code: 'ERR_AIOMULTIPROCESS_PROTOCOL';

  static {
    define(ProtocolError, 'ProtocolError', 'ERR_AIOMULTIPROCESS_PROTOCOL');
  }
}

/**
 * `apply`, `map` or `starmap` was called on a closed pool.
 *
 * @since 0.2.0
 */
export class PoolClosedError extends AiomultiprocessError {
  /** Tells the errors of the package apart, and never changes. */
  declare readonly code: 'ERR_AIOMULTIPROCESS_POOL_CLOSED';

  static {
    define(PoolClosedError, 'PoolClosedError', 'ERR_AIOMULTIPROCESS_POOL_CLOSED');
  }

  constructor() {
    super('pool is closed');
  }
}

/**
 * The pool was terminated before the task was answered.
 *
 * @since 0.2.0
 */
export class PoolTerminatedError extends AiomultiprocessError {
  /** Tells the errors of the package apart, and never changes. */
  declare readonly code: 'ERR_AIOMULTIPROCESS_POOL_TERMINATED';

  static {
    define(PoolTerminatedError, 'PoolTerminatedError', 'ERR_AIOMULTIPROCESS_POOL_TERMINATED');
  }

  constructor() {
    super('pool was terminated before the task was answered');
  }
}

/**
 * A task exceeded the time limit of its call or its pool; or the import of its module exceeded the pool's
 * `startTimeout`, and the task was never called.
 *
 * @since 0.2.0
 */
export class TaskTimeoutError extends AiomultiprocessError {
  /** Tells the errors of the package apart, and never changes. */
  declare readonly code: 'ERR_AIOMULTIPROCESS_TASK_TIMEOUT';
  /** The process that ran the task. */
  readonly pid: number | undefined;
  /** The limit for the task, or for the import of its module, in milliseconds. */
  readonly timeout: number;
  /** The module whose import exceeded the limit; `undefined` if the task did. */
  readonly module: string | undefined;

  static {
    define(TaskTimeoutError, 'TaskTimeoutError', 'ERR_AIOMULTIPROCESS_TASK_TIMEOUT');
  }

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

/**
 * A call, or a whole map, took longer than its `expires`, which counts the time that tasks wait.
 *
 * @since 0.2.0
 */
export class TaskExpiredError extends AiomultiprocessError {
  /** Tells the errors of the package apart, and never changes. */
  declare readonly code: 'ERR_AIOMULTIPROCESS_TASK_EXPIRED';
  /** The limit, in milliseconds. */
  readonly expires: number;

  static {
    define(TaskExpiredError, 'TaskExpiredError', 'ERR_AIOMULTIPROCESS_TASK_EXPIRED');
  }

  constructor(task: string, expires: number) {
    super(`${task} has not ended within ${expires} ms, including the time that it waited`);
    this.expires = expires;
  }
}

/**
 * The queue of a pool holds `maxQueueSize` tasks, or the queue of a manager `maxSize` items.
 *
 * @since 0.2.0
 */
export class QueueFullError extends AiomultiprocessError {
  /** Tells the errors of the package apart, and never changes. */
  declare readonly code: 'ERR_AIOMULTIPROCESS_QUEUE_FULL';

  static {
    define(QueueFullError, 'QueueFullError', 'ERR_AIOMULTIPROCESS_QUEUE_FULL');
  }
}

/**
 * `getNowait` was called on an empty queue of a manager.
 *
 * @since 0.2.0
 */
export class QueueEmptyError extends AiomultiprocessError {
  /** Tells the errors of the package apart, and never changes. */
  declare readonly code: 'ERR_AIOMULTIPROCESS_QUEUE_EMPTY';

  static {
    define(QueueEmptyError, 'QueueEmptyError', 'ERR_AIOMULTIPROCESS_QUEUE_EMPTY');
  }

  constructor() {
    super('the queue is empty; get() waits for an item');
  }
}

/**
 * A manager's queue was closed: it takes no items, and `get()` rejects once the last one was taken.
 *
 * @since 0.2.0
 */
export class QueueClosedError extends AiomultiprocessError {
  /** Tells the errors of the package apart, and never changes. */
  declare readonly code: 'ERR_AIOMULTIPROCESS_QUEUE_CLOSED';

  static {
    define(QueueClosedError, 'QueueClosedError', 'ERR_AIOMULTIPROCESS_QUEUE_CLOSED');
  }
}

/**
 * The parties of a barrier will never all arrive: one was cancelled, or `reset()` or `abort()` was called.
 *
 * @since 0.2.0
 */
export class BrokenBarrierError extends AiomultiprocessError {
  /** Tells the errors of the package apart, and never changes. */
  declare readonly code: 'ERR_AIOMULTIPROCESS_BROKEN_BARRIER';

  static {
    define(BrokenBarrierError, 'BrokenBarrierError', 'ERR_AIOMULTIPROCESS_BROKEN_BARRIER');
  }

  constructor(why: string) {
    super(`the barrier is broken: ${why}`);
  }
}

/**
 * The manager was closed, or its server process died.
 *
 * @since 0.2.0
 */
export class ManagerClosedError extends AiomultiprocessError {
  /** Tells the errors of the package apart, and never changes. */
  declare readonly code: 'ERR_AIOMULTIPROCESS_MANAGER_CLOSED';

  static {
    define(ManagerClosedError, 'ManagerClosedError', 'ERR_AIOMULTIPROCESS_MANAGER_CLOSED');
  }

  constructor(why: string, options?: Cause) {
    super(`the manager is closed: ${why}`, options);
  }
}

/**
 * A method was called in a state that does not allow it, as `join()` before `start()`.
 *
 * @since 0.2.0
 */
export class InvalidStateError extends AiomultiprocessError {
  /** Tells the errors of the package apart, and never changes. */
  declare readonly code: 'ERR_AIOMULTIPROCESS_INVALID_STATE';

  static {
    define(InvalidStateError, 'InvalidStateError', 'ERR_AIOMULTIPROCESS_INVALID_STATE');
  }
}

/**
 * A wait exceeded the `timeout` of its call.
 *
 * @since 0.2.0
 */
export class TimeoutError extends AiomultiprocessError {
  /** Tells the errors of the package apart, and never changes. */
  declare readonly code: 'ERR_AIOMULTIPROCESS_TIMEOUT';

  static {
    define(TimeoutError, 'TimeoutError', 'ERR_AIOMULTIPROCESS_TIMEOUT');
  }
}

/**
 * An optional package is not installed, or too old.
 *
 * @since 0.2.0
 */
export class MissingPackageError extends AiomultiprocessError {
  /** Tells the errors of the package apart, and never changes. */
  declare readonly code: 'ERR_AIOMULTIPROCESS_MISSING_PACKAGE';
  /** The package to install. */
  readonly package: string;

  static {
    define(MissingPackageError, 'MissingPackageError', 'ERR_AIOMULTIPROCESS_MISSING_PACKAGE');
  }

  constructor(
    entry: string,
    name: string,
    options: Cause & { readonly tooOld?: { readonly installed: string; readonly needed: string } } = {},
  ) {
    const { tooOld, ...rest } = options;
    const problem = tooOld
      ? `of version ${tooOld.needed} or later, and ${tooOld.installed} is installed: npm install ${name}@latest`
      : `which is not installed: npm install ${name}`;
    super(`${entry} needs the package ${name}, ${problem}`, rest);
    this.package = name;
  }
}

/**
 * Shared memory cannot be used: its value was disposed, its owner has ended, this process may not open it, or there is
 * not enough memory. The message says which, and what to do.
 *
 * @since 0.2.0
 */
export class SharedMemoryError extends AiomultiprocessError {
  /** Tells the errors of the package apart, and never changes. */
  declare readonly code: 'ERR_AIOMULTIPROCESS_SHARED_MEMORY';

  static {
    define(SharedMemoryError, 'SharedMemoryError', 'ERR_AIOMULTIPROCESS_SHARED_MEMORY');
  }
}

/**
 * Every host that ran a task of a distributed pool was lost before it answered. The task may be the cause. Or a host was lost
 * before it answered a broadcast.
 *
 * @since 0.2.0
 */
export class HostLostError extends AiomultiprocessError {
  /** Tells the errors of the package apart, and never changes. */
  declare readonly code: 'ERR_AIOMULTIPROCESS_HOST_LOST';

  static {
    define(HostLostError, 'HostLostError', 'ERR_AIOMULTIPROCESS_HOST_LOST');
  }

  /** @param host - the host that has not answered a broadcast. */
  constructor(task: string, host?: string) {
    if (host !== undefined) super(`${task} was broadcast to the host ${host}, which was lost before it answered`);
    else
      super(
        `${task} was run by several hosts, and each was lost before it answered; does it take more than they have?`,
      );
  }
}

/**
 * The datastore of a distributed pool did not accept a task.
 *
 * @since 0.2.0
 */
export class QueueError extends AiomultiprocessError {
  /** Tells the errors of the package apart, and never changes. */
  declare readonly code: 'ERR_AIOMULTIPROCESS_QUEUE';

  static {
    define(QueueError, 'QueueError', 'ERR_AIOMULTIPROCESS_QUEUE');
  }
}
