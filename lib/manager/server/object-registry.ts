import { ProtocolError } from '../../errors.js';
import type { Address } from '../../functions/address/address.js';
import { load } from '../../functions/load/load.js';
import { type ChildState, callIn, NO_TASK } from '../../process/child-state.js';
import { MAX_METHODS, METHODS, SERVER, type TypeName } from '../protocol/methods.js';
import { type MethodCall, WAITING } from './method-call.js';
import { BarrierState } from './states/barrier.js';
import { EventState } from './states/event.js';
import { InstanceState } from './states/instance.js';
import { ListState } from './states/list.js';
import { LockState } from './states/lock.js';
import { MapState } from './states/map.js';
import { QueueState } from './states/queue.js';
import type { Order } from './states/queue-order.js';
import { SemaphoreState } from './states/semaphore.js';
import { ValueState } from './states/value.js';

type Arguments = readonly unknown[];

/** Creates an object of a built-in type. The manager has validated the arguments. */
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

/** Runs a method of an object. */
type Run = (method: number, call: MethodCall, args: Arguments) => unknown;

/** The objects of the server, by id. */
export class ObjectRegistry {
  readonly #state: ChildState;
  readonly #objects = new Map<number, Run>();
  /** Calls that overtook the manager's message that creates their object. */
  readonly #early = new Map<number, (() => void)[]>();

  constructor(state: ChildState) {
    this.#state = state;
  }

  /** @returns the answer of the call, or `WAITING`. Throws the error of the call. */
  run(methodId: number, call: MethodCall, args: Arguments, isManager: boolean): unknown {
    const object = Math.floor(methodId / MAX_METHODS);
    const method = methodId % MAX_METHODS;
    if (object === 0) {
      if (!isManager || method !== SERVER.create) throw new ProtocolError('only the manager may create objects');
      return this.#create(args as [number, TypeName, ...unknown[]]);
    }
    const run = this.#objects.get(object);
    return run === undefined
      ? this.#postpone(object, () => this.run(methodId, call, args, isManager), call)
      : run(method, call, args);
  }

  #postpone(object: number, run: () => unknown, call: MethodCall): typeof WAITING {
    const early = this.#early.get(object) ?? [];
    this.#early.set(object, early);
    early.push(() => settle(call, run));
    return WAITING;
  }

  #create([object, type, ...args]: [object: number, type: TypeName, ...unknown[]]): void {
    if (type === 'instance') {
      const [address, methods, given] = args as [Address, string[], Arguments];
      // Calls wait until the instance exists. If it cannot be created, each of them fails with the reason.
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
    const state = CREATORS[type](...(args as never[])) as Record<
      string,
      (call: MethodCall, args: Arguments) => unknown
    >;
    this.#add(object, (method, call, given) => {
      const name = names[method];
      if (name === undefined) throw new ProtocolError(`a ${type} has no method number ${method}`);
      return (state[name] as (call: MethodCall, args: Arguments) => unknown)(call, given);
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

/** Runs a postponed call. */
function settle(call: MethodCall, run: () => unknown): void {
  if (call.isSettled) return;
  try {
    const value = run();
    if (value !== WAITING) call.answer(value);
  } catch (error) {
    call.fail(error);
  }
}
