import { InvalidStateError } from '../../../errors.js';
import type { SEMAPHORE } from '../../protocol/methods.js';
import { type Client, type MethodCall, type ObjectMethods, WaitingCalls } from '../method-call.js';
import type { Hold } from '../release-on-disconnect.js';

/** The permits that one process holds. */
interface PermitHold extends Hold {
  readonly client: Client;
  count: number;
}

/** A number of permits. Unless it is bounded, a release without an acquire adds one. */
export class SemaphoreState implements ObjectMethods<typeof SEMAPHORE> {
  readonly #max: number;
  readonly #waiters = new WaitingCalls();
  readonly #holds = new Map<Client, PermitHold>();
  #free: number;

  constructor(permits: number, bounded: boolean) {
    this.#free = permits;
    this.#max = bounded ? permits : Number.POSITIVE_INFINITY;
  }

  acquire(call: MethodCall, [timeout]: readonly unknown[]): unknown {
    return this.tryAcquire(call) || call.wait(this.#waiters, { call }, 'acquire()', timeout);
  }

  tryAcquire({ client }: MethodCall): boolean {
    if (this.#free === 0) return false;
    this.#free--;
    this.#grant(client);
    return true;
  }

  /** Frees a permit of the calling process, else one of another process; if no process holds one, adds a permit. */
  release({ client }: MethodCall): void {
    const [other] = this.#holds.values();
    const hold = this.#holds.get(client) ?? other;
    if (hold !== undefined) this.#reduce(hold, 1);
    else if (this.#free >= this.#max) {
      throw new InvalidStateError('release(): all permits of the bounded semaphore are free');
    }
    this.#free++;
    this.#serve();
  }

  value(): number {
    return this.#free;
  }

  #grant(client: Client): void {
    const known = this.#holds.get(client);
    if (known !== undefined) {
      known.count++;
      return;
    }
    const hold: PermitHold = { client, count: 1, giveBack: () => this.#giveBack(hold), serve: this.#serve };
    this.#holds.set(client, hold);
    client.holds.add(hold);
  }

  #reduce(hold: PermitHold, by: number): void {
    hold.count -= by;
    if (hold.count > 0) return;
    this.#holds.delete(hold.client);
    hold.client.holds.delete(hold);
  }

  #giveBack(hold: PermitHold): void {
    this.#free += hold.count;
    this.#reduce(hold, hold.count);
  }

  readonly #serve = (): void => {
    while (this.#free > 0 && this.#waiters.first !== undefined) {
      const { call } = this.#waiters.first;
      call.answer(this.tryAcquire(call));
    }
  };
}
