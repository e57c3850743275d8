import { ManagerClosedError } from '../errors.js';
import { pack } from '../ipc/packed.js';
import { integer, type OptionTable, pickSpawnOptions, readOptions, spawnOptions } from '../options.js';
import type { SpawnOptions } from '../spawn.js';
import { requireStartable } from '../startable.js';
import { addressOfClass } from '../tasks/address.js';
import { SharedBarrier } from './client/barrier.js';
import { SharedEvent } from './client/event.js';
import { type Remote, SharedInstance } from './client/instance.js';
import { SharedList } from './client/list.js';
import { SharedLock } from './client/lock.js';
import { type MapKey, SharedMap, toKey } from './client/map.js';
import { SharedJobQueue, SharedQueue } from './client/queue.js';
import { SharedSemaphore } from './client/semaphore.js';
import type { ObjectAddress } from './client/shared-object.js';
import { SharedValue } from './client/value.js';
import { listMethods } from './list-methods.js';
import { SERVER, type TypeName, toAddress } from './methods.js';
import {
  LOCK_OPTIONS,
  type LockOptions,
  type ManagerOptions,
  QUEUE_OPTIONS,
  type QueueOptions,
  SEMAPHORE_OPTIONS,
  type SemaphoreOptions,
} from './options.js';
import { ServerProcess } from './server-process.js';

const { env, cwd, execPath, execArgv, stdio } = spawnOptions;
const OPTIONS = { env, cwd, execPath, execArgv, stdio } as OptionTable;

/**
 * Makes objects that all processes share: queues, locks, events, semaphores, barriers, lists, maps, values, and objects
 * of your own classes.
 *
 * They live in a process of their own, which starts with the first of them and ends with the manager or with the
 * program. What the methods give are plain values to any task: arguments, results, items of one another. An idle manager
 * does not keep the program alive. After Python's `multiprocessing.Manager`.
 *
 * @example
 * ```ts
 * await using manager = new Manager();
 * const queue = manager.queue<string>({ maxSize: 100 });
 * await pool.apply(produce, [queue]);
 * ```
 */
export class Manager {
  readonly #spawn: SpawnOptions;
  readonly #classes = new Set<string>();
  #server: ServerProcess | undefined;
  #lastId = 0;
  #closed: Promise<void> | undefined;

  /**
   * @throws TypeError for an unknown or wrong option.
   * @throws {@link BootstrapError} in a child, outside of a task.
   */
  constructor(options: ManagerOptions = {}) {
    this.#spawn = pickSpawnOptions(readOptions<ManagerOptions>('Manager', options, OPTIONS));
    requireStartable('a Manager', this.#spawn.execPath);
  }

  /**
   * Runs `body` with a new manager, and closes it after it: `await using` for every version of Node.js.
   */
  static async using<T>(options: ManagerOptions, body: (manager: Manager) => T | PromiseLike<T>): Promise<T> {
    const manager = new Manager(options);
    try {
      return await body(manager);
    } finally {
      await manager.close();
    }
  }

  /**
   * A queue: some put items, others get them, each item once.
   *
   * @throws TypeError for an unknown or wrong option. {@link ManagerClosedError}, as all of these methods.
   */
  queue<T>(options: QueueOptions & { acknowledge: true }): SharedJobQueue<T>;
  queue<T>(options?: QueueOptions & { acknowledge?: false }): SharedQueue<T>;
  queue<T>(options: QueueOptions = {}): SharedQueue<T> | SharedJobQueue<T> {
    const { maxSize = 0, order = 'fifo', acknowledge } = readOptions<QueueOptions>('queue', options, QUEUE_OPTIONS);
    return acknowledge
      ? new SharedJobQueue(this.#create('jobQueue', maxSize, order))
      : new SharedQueue(this.#create('queue', maxSize, order));
  }

  /** A flag to wait for; not set at first. */
  event(): SharedEvent {
    return new SharedEvent(this.#create('event'));
  }

  /** A lock, which one at a time can hold. */
  lock(options: LockOptions = {}): SharedLock {
    const { reentrant = false } = readOptions<LockOptions>('lock', options, LOCK_OPTIONS);
    return new SharedLock(this.#create('lock', reentrant));
  }

  /**
   * @param permits - how many can be acquired at a time; default 1.
   */
  semaphore(permits = 1, options: SemaphoreOptions = {}): SharedSemaphore {
    checkCount('semaphore: permits', permits, 0);
    const { bounded = false } = readOptions<SemaphoreOptions>('semaphore', options, SEMAPHORE_OPTIONS);
    return new SharedSemaphore(this.#create('semaphore', permits, bounded));
  }

  /**
   * @param parties - how many must come before all of them go on.
   */
  barrier(parties: number): SharedBarrier {
    checkCount('barrier: parties', parties, 1);
    return new SharedBarrier(this.#create('barrier', parties));
  }

  /** @throws {@link SerializationError} if an item cannot travel. */
  list<T>(items: Iterable<T> = []): SharedList<T> {
    const packed = Array.from(items, pack);
    return new SharedList(this.#create('list', packed));
  }

  /**
   * @param entries - keys are primitives.
   * @throws {@link SerializationError} if a value cannot travel.
   */
  map<K extends MapKey, V>(entries: Iterable<readonly [K, V]> = []): SharedMap<K, V> {
    const packed = Array.from(entries, ([key, value]) => [toKey(key), pack(value)]);
    return new SharedMap(this.#create('map', packed));
  }

  /** @throws {@link SerializationError} if it cannot travel. */
  value<T>(value: T): SharedValue<Widen<T>> {
    return new SharedValue(this.#create('value', pack(value)));
  }

  /**
   * Makes objects of a class of your own, which live in the manager's process and have their methods called one after
   * another (up to their first `await`).
   *
   * All methods can be called but those whose names begin with `_`. Properties cannot be read.
   *
   * @param name - what the class is called in errors; each once.
   * @param definition - the class, an export of a module, as a task is.
   * @returns what makes an object; it takes the arguments of the constructor.
   * @throws {@link TaskNotFoundError} if no other process can find the class. TypeError if it has no methods, or `then`.
   *
   * @example
   * ```ts
   * const createCounter = manager.register('Counter', Counter);
   * const counter = createCounter(10);
   * await counter.add(1);
   * ```
   */
  register<A extends unknown[], T extends object>(
    name: string,
    definition: new (...args: A) => T,
  ): (...args: A) => Remote<T> {
    if (typeof name !== 'string' || name === '') throw new TypeError('register: the name must be a string');
    if (this.#classes.has(name)) throw new TypeError(`register: "${name}" was registered before`);
    const address = addressOfClass(definition, `the class "${name}"`);
    const methods = listMethods(name, definition.prototype);
    this.#classes.add(name);
    return (...args) => {
      return new SharedInstance(this.#create('instance', address, methods, args), methods) as unknown as Remote<T>;
    };
  }

  /** The process that keeps the objects; `undefined` before the first of them. */
  get pid(): number | undefined {
    return this.#server?.pid;
  }

  /**
   * Ends the process with all objects. What waits for an answer, in whatever process, rejects with
   * {@link ManagerClosedError}.
   */
  close(): Promise<void> {
    this.#closed ??= this.#server?.close() ?? Promise.resolve();
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #create(type: TypeName, ...args: unknown[]): ObjectAddress {
    if (this.#closed !== undefined) throw new ManagerClosedError('close() was called');
    this.#server ??= new ServerProcess(this.#spawn);
    const id = ++this.#lastId;
    this.#server.calls.tell(toAddress(0, SERVER.create), [id, type, ...args]);
    return { ...this.#server.address, id };
  }
}

/** The type of a variable that begins with this value: `manager.value(0)` can become any number. */
type Widen<T> = T extends number
  ? number
  : T extends string
    ? string
    : T extends boolean
      ? boolean
      : T extends bigint
        ? bigint
        : T;

function checkCount(what: string, count: number, minimum: number): void {
  const expected = integer(minimum)(count);
  if (expected !== undefined) throw new TypeError(`${what} takes ${expected}, got ${String(count)}`);
}
