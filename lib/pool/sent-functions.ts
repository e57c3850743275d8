import { ProtocolError } from '../errors.js';
import type { Address } from '../tasks/address.js';
import { Deadline } from '../util/deadline.js';
import type { Job } from './job.js';
import type { Pace } from './prefetch.js';

/** A function that a child was sent, and what is known of it there. */
export interface SentFunction extends Pace {
  readonly address: Address;
  /** The child says when its tasks begin: they have a time limit. */
  readonly isTimed: boolean;
  /** How far the import of its module is; `overdue`: it takes longer than it may. */
  state: 'sent' | 'loading' | 'overdue' | 'loaded';
}

/** The functions that a child knows by their numbers, and how long the imports of their modules take. */
export class SentFunctions {
  /** An import has taken longer than it may: the child should be replaced. */
  isOverdue = false;
  /** How long an import may take, in milliseconds; 0: as long as it takes. */
  #maxImport: number;
  readonly #onOverdue: (fn: SentFunction) => void;
  readonly #all: SentFunction[] = [];
  readonly #timed = new Map<Address, SentFunction>();
  readonly #untimed = new Map<Address, SentFunction>();
  readonly #imports = new Map<SentFunction, Deadline>();

  constructor(maxImport: number, onOverdue: (fn: SentFunction) => void) {
    this.#maxImport = maxImport;
    this.#onOverdue = onOverdue;
  }

  /** Whether an import is going on that must not take longer than a certain time. */
  get isLoading(): boolean {
    return this.#imports.size > 0;
  }

  get({ address, timeout }: Job): SentFunction | undefined {
    return (timeout > 0 ? this.#timed : this.#untimed).get(address);
  }

  /** Gives it the next number. */
  add({ address, timeout }: Job): SentFunction {
    const isTimed = timeout > 0;
    const fn: SentFunction = { id: this.#all.length, address, isTimed, state: 'sent', inFlight: 0, isShort: false };
    this.#all.push(fn);
    (isTimed ? this.#timed : this.#untimed).set(address, fn);
    return fn;
  }

  /** @throws {@link ProtocolError} if it is no function whose import could begin. */
  onLoading(id: number): void {
    const fn = this.#expect(id, 'sent');
    fn.state = 'loading';
    if (this.#maxImport === 0) return;
    const pass = () => {
      fn.state = 'overdue';
      this.isOverdue = true;
      this.#onOverdue(fn);
    };
    this.#imports.set(fn, new Deadline(this.#maxImport, pass));
  }

  /** @throws {@link ProtocolError} if it is no function that is being imported. */
  onLoaded(id: number): void {
    const fn = this.#expect(id, 'loading', 'overdue');
    fn.state = 'loaded';
    this.#imports.get(fn)?.clear();
    this.#imports.delete(fn);
  }

  #expect(id: number, ...states: SentFunction['state'][]): SentFunction {
    const fn = Number.isInteger(id) ? this.#all[id] : undefined;
    if (fn !== undefined && states.includes(fn.state)) return fn;
    throw new ProtocolError(
      `child sent an invalid import report: function ${id} is ${fn?.state ?? 'unknown'}, expected ${states.join(' or ')}`,
    );
  }

  /** The child ends: no import is timed any longer. */
  end(): void {
    this.#maxImport = 0;
    for (const deadline of this.#imports.values()) deadline.clear();
    this.#imports.clear();
  }
}
