import { type ChildState, callIn, NO_TASK } from '../../child/state.js';
import { ProtocolError } from '../../errors.js';
import type { Address } from '../../tasks/address.js';
import { load } from '../../tasks/load.js';
import { MAX_METHODS, METHODS, SERVER, type TypeName } from '../methods.js';
import { type Call, WAITING } from './call.js';
import { BarrierState } from './states/barrier.js';
import { EventState } from './states/event.js';
import { InstanceState } from './states/instance.js';
import type { Order } from './states/item-store.js';
import { ListState } from './states/list.js';
import { LockState } from './states/lock.js';
import { MapState } from './states/map.js';
import { QueueState } from './states/queue.js';
import { SemaphoreState } from './states/semaphore.js';
import { ValueState } from './states/value.js';

type Arguments = readonly unknown[];

/** Makes an object of a type of this package. What it is made with was checked by the manager. */
const CREATORS: Record<keyof typeof METHODS, (...args: never[]) => object> = {
  queue: (maxSize: number, order: Order) => new QueueState(maxSize, order),
  jobQueue: (maxSize: number, order: Order) => new QueueState(maxSize, order),
  event: () => new EventState(),
  lock: (reentrant: boolean) => new LockState(reentrant),
  semaphore: (permits: number, bounded: boolean) => new SemaphoreState(permits, bounded),
  barrier: (parties: number) => new BarrierState(parties),
  list: (items: Arguments) => new ListState(items),
  map: (entries: readonly Arguments[]) => new MapState(entries),
  value: (value: unknown) => new ValueState(value),
};

/** Runs a method of an object by its number. */
type Run = (method: number, call: Call, args: Arguments) => unknown;

/** What the server keeps, by number. */
export class Objects {
  readonly #state: ChildState;
  readonly #objects = new Map<number, Run>();
  /** Calls of objects that are still to be made: their proxies were quicker than the manager's own message. */
  readonly #early = new Map<number, (() => void)[]>();

  constructor(state: ChildState) {
    this.#state = state;
  }

  /** Runs one call. @returns its answer, or `WAITING`. Throws what it fails with. */
  run(address: number, call: Call, args: Arguments, isManager: boolean): unknown {
    const object = Math.floor(address / MAX_METHODS);
    const method = address % MAX_METHODS;
    if (object === 0) {
      if (!isManager || method !== SERVER.create) throw new ProtocolError('only the manager makes objects');
      return this.#create(args as [number, TypeName, ...unknown[]]);
    }
    const run = this.#objects.get(object);
    return run === undefined
      ? this.#postpone(object, () => this.run(address, call, args, isManager), call)
      : run(method, call, args);
  }

  #postpone(object: number, run: () => unknown, call: Call): typeof WAITING {
    const early = this.#early.get(object) ?? [];
    this.#early.set(object, early);
    early.push(() => settle(call, run));
    return WAITING;
  }

  #create([object, type, ...args]: [object: number, type: TypeName, ...unknown[]]): void {
    if (type === 'instance') {
      const [address, methods, given] = args as [Address, string[], Arguments];
      // Its own calls wait until the class is there; a class that cannot be had fails each of them.
      void this.#createInstance(address, methods, given).then(
        (run) => this.#add(object, run),
        (error: unknown) =>
          this.#add(object, () => {
            throw error;
          }),
      );
      return;
    }
    const names = Object.keys(METHODS[type]);
    const state = CREATORS[type](...(args as never[])) as Record<string, (call: Call, args: Arguments) => unknown>;
    this.#add(object, (method, call, given) => {
      const name = names[method];
      if (name === undefined) throw new ProtocolError(`a ${type} has no method ${method}`);
      return (state[name] as (call: Call, args: Arguments) => unknown)(call, given);
    });
  }

  async #createInstance(address: Address, methods: readonly string[], args: Arguments): Promise<Run> {
    const Class = (await load(address)) as unknown as new (...args: Arguments) => object;
    const run = (fn: (...args: Arguments) => unknown, given: Arguments) =>
      callIn(this.#state, NO_TASK, fn as (...args: never[]) => unknown, given);
    const state = new InstanceState(run((...given) => new Class(...given), args) as object, methods, run);
    return (method, call, given) => state.call(method, call, given);
  }

  #add(object: number, run: Run): void {
    this.#objects.set(object, run);
    const early = this.#early.get(object) ?? [];
    this.#early.delete(object);
    for (const runEarly of early) runEarly();
  }
}

/** Answers a call whose method is run later. */
function settle(call: Call, run: () => unknown): void {
  if (call.isSettled) return;
  try {
    const value = run();
    if (value !== WAITING) call.answer(value);
  } catch (error) {
    call.fail(error);
  }
}
