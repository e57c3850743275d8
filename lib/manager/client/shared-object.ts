import { HANDLE, type HandleParts } from '../../ipc/handles.js';
import { type OptionTable, readOptions, time } from '../../options.js';
import { type TypeName, toAddress } from '../methods.js';
import type { CallOptions, Calls } from './calls.js';
import { getConnection, type ServerAddress } from './connections.js';

/** What a handle of a manager's object consists of. */
export const KIND = 'manager';

/** Which object of which manager. */
export interface ObjectAddress extends ServerAddress {
  id: number;
}

/** How long a call may wait. */
export interface WaitOptions {
  /** Milliseconds; then the call rejects with `TimeoutError`. What is there at once is given however short this is. */
  timeout?: number | undefined;
  /** Gives up on the call, which rejects with the signal's reason. Nothing is taken then that could be lost. */
  signal?: AbortSignal | undefined;
}

const WAIT_OPTIONS: OptionTable = {
  timeout: time,
  signal: (value) => (value instanceof AbortSignal ? undefined : 'an AbortSignal'),
};

/**
 * @param what - the method, for the error.
 * @throws TypeError naming the option and what it takes.
 */
export function readWaitOptions<Options extends WaitOptions>(
  what: string,
  options: Options | undefined,
  others?: OptionTable,
): Options {
  return options === undefined ? ({} as Options) : readOptions<Options>(what, options, { ...WAIT_OPTIONS, ...others });
}

/**
 * An object that lives in the server of a manager, as any process sees it.
 *
 * It is an argument, a result, or a part of one like any value: what travels is where the object is. A process connects
 * with the first call that it makes.
 */
export abstract class SharedObject {
  readonly #address: ObjectAddress;
  readonly #type: TypeName;
  #calls: Calls | undefined;

  /** @internal */
  constructor(address: ObjectAddress, type: TypeName) {
    this.#address = address;
    this.#type = type;
  }

  /** @internal What it travels as. */
  [HANDLE](): HandleParts {
    const { folder, path, key, id } = this.#address;
    return [KIND, folder, path, key, id, this.#type];
  }

  /** @internal */
  protected call(method: number, args: readonly unknown[], options?: CallOptions): Promise<unknown> {
    return this.#connection.call(toAddress(this.#address.id, method), args, options);
  }

  /** @internal A call that nobody waits for. */
  protected tell(method: number, args: readonly unknown[]): void {
    this.#connection.tell(toAddress(this.#address.id, method), args);
  }

  get #connection(): Calls {
    this.#calls ??= getConnection(this.#address);
    return this.#calls;
  }
}
