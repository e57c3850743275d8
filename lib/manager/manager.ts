import { ManagerClosedError } from '../errors.js';
import { addressOfClass } from '../functions/address/address.js';
import { pack } from '../ipc/packed.js';
import { type ReadSpawnOptions, SPAWN_OPTIONS } from '../process/options.js';
import { requireStartable } from '../process/startable.js';
import { integer, readOptions } from '../util/validation.js';
import { listClassMethods } from './class-methods.js';
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
import {
  LOCK_OPTIONS,
  type LockOptions,
  type ManagerOptions,
  QUEUE_OPTIONS,
  type QueueOptions,
  SEMAPHORE_OPTIONS,
  type SemaphoreOptions,
} from './options.js';
import { SERVER, type TypeName, toMethodId } from './protocol/methods.js';
import { ServerProcess } from './server-process.js';

/**
 * Creates objects that all processes share: queues, locks, events, semaphores, barriers, lists, maps, values, and
 * instances of your own classes. Modelled on Python's `multiprocessing.Manager`.
 *
 * The objects live in a separate process, which starts with the first object and exits with the manager or the program.
 * The methods return proxies, which you can pass to any task: as arguments, in results, as items of each other. An idle
 * manager does not keep the program alive.
 *
 * @example
 * ```ts
 * await using manager = new Manager();
 * const queue = manager.queue<string>({ maxSize: 100 });
 * await pool.apply(produce, [queue]);
 * ```
 * @since 0.2.0
 */
export class Manager {
  readonly #spawn: ReadSpawnOptions;
  readonly #classes = new Set<string>();
  #server: ServerProcess | undefined;
  #lastId = 0;
  #closed: Promise<void> | undefined;

  /**
   * @throws TypeError for an unknown or invalid option.
   * @throws {@link BootstrapError} in a child, outside of a task.
   */
  constructor(options: ManagerOptions = {}) {
    this.#spawn = readOptions('Manager', options, SPAWN_OPTIONS);
    requireStartable('a Manager', this.#spawn.execPath);
  }

  /** Runs `body` with a new manager, then closes the manager: `await using` for every version of Node.js. */
  static async using<T>(options: ManagerOptions, body: (manager: Manager) => T | PromiseLike<T>): Promise<T> {
    const manager = new Manager(options);
    try {
      return await body(manager);
    } finally {
      await manager.close();
    }
  }

  /**
   * Creates a queue: each item that is put is got once.
   *
   * @throws TypeError for an unknown or invalid option.
   * @throws {@link ManagerClosedError} after {@link close}, like every method that creates an object.
   */
  queue<T>(options: QueueOptions & { acknowledge: true }): SharedJobQueue<T>;
  queue<T>(options?: QueueOptions & { acknowledge?: false }): SharedQueue<T>;
  queue<T>(options: QueueOptions = {}): SharedQueue<T> | SharedJobQueue<T> {
    const { maxSize, order, acknowledge } = readOptions('queue', options, QUEUE_OPTIONS);
    return acknowledge
      ? new SharedJobQueue(this.#create('jobQueue', maxSize, order))
      : new SharedQueue(this.#create('queue', maxSize, order));
  }

  /** Creates an event: a flag to wait for, initially not set. */
  event(): SharedEvent {
    return new SharedEvent(this.#create('event'));
  }

  /** Creates a lock, which has one holder at a time. */
  lock(options: LockOptions = {}): SharedLock {
    const { reentrant } = readOptions('lock', options, LOCK_OPTIONS);
    return new SharedLock(this.#create('lock', reentrant));
  }

  /**
   * Creates a semaphore.
   *
   * @param permits - how many can be acquired at a time; default 1.
   */
  semaphore(permits = 1, options: SemaphoreOptions = {}): SharedSemaphore {
    checkCount('semaphore: permits', permits, 0);
    const { bounded } = readOptions('semaphore', options, SEMAPHORE_OPTIONS);
    return new SharedSemaphore(this.#create('semaphore', permits, bounded));
  }

  /**
   * Creates a barrier.
   *
   * @param parties - how many calls of `wait()` it takes until all of them resolve.
   */
  barrier(parties: number): SharedBarrier {
    checkCount('barrier: parties', parties, 1);
    return new SharedBarrier(this.#create('barrier', parties));
  }

  /** Creates a list. @throws {@link SerializationError} if an item cannot be serialized. */
  list<T>(items: Iterable<T> = []): SharedList<T> {
    const packed = Array.from(items, pack);
    return new SharedList(this.#create('list', packed));
  }

  /**
   * Creates a map.
   *
   * @param entries - keys are primitives.
   * @throws {@link SerializationError} if a value cannot be serialized.
   */
  map<K extends MapKey, V>(entries: Iterable<readonly [K, V]> = []): SharedMap<K, V> {
    const packed = Array.from(entries, ([key, value]) => [toKey(key), pack(value)]);
    return new SharedMap(this.#create('map', packed));
  }

  /** Creates a single shared value. @throws {@link SerializationError} if it cannot be serialized. */
  value<T>(value: T): SharedValue<Widen<T>> {
    return new SharedValue(this.#create('value', pack(value)));
  }

  /**
   * Registers a class of your own. Its instances live in the manager's process, which runs their methods one after
   * another (each up to its first `await`).
   *
   * Clients can call every method whose name does not begin with `_`. They cannot read properties.
   *
   * @param name - the name of the class in errors; unique.
   * @param definition - the class; like a task, it must be an export of a module.
   * @returns a function that creates an instance from the arguments of the constructor.
   * @throws {@link TaskNotFoundError} if other processes cannot find the class.
   * @throws TypeError if the class has no methods, or a method `then`.
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
    if (typeof name !== 'string' || name === '')
      throw new TypeError(`register: expected a non-empty string as the name, got "${String(name)}"`);
    if (this.#classes.has(name)) throw new TypeError(`register: the name "${name}" is taken; choose another`);
    const address = addressOfClass(definition, `the class "${name}"`);
    const methods = listClassMethods(name, definition.prototype);
    this.#classes.add(name);
    return (...args) => {
      return new SharedInstance(this.#create('instance', address, methods, args), methods) as unknown as Remote<T>;
    };
  }

  /** The process that holds the objects; `undefined` before the first object. */
  get pid(): number | undefined {
    return this.#server?.pid;
  }

  /**
   * Ends the process, and all objects with it. Pending calls reject with {@link ManagerClosedError}, in every process.
   */
  close(): Promise<void> {
    this.#closed ??= this.#server?.close() ?? Promise.resolve();
    return this.#closed;
  }

  /** Closes the manager, at the end of the scope of `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #create(type: TypeName, ...args: unknown[]): ObjectAddress {
    if (this.#closed !== undefined) throw new ManagerClosedError('close() was called');
    this.#server ??= new ServerProcess(this.#spawn);
    const id = ++this.#lastId;
    this.#server.connection.tell(toMethodId(0, SERVER.create), [id, type, ...args]);
    return { ...this.#server.address, id };
  }
}

/** Widens a literal type: `manager.value(0)` can later be any number. */
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
  const { accepts, expected } = integer(minimum);
  if (!accepts(count)) throw new TypeError(`${what}: expected ${expected}, got ${String(count)}`);
}
