import { HANDLE, type HandleParts } from '../../ipc/graph/handles.js';
import { abortSignal, checkOptions, milliseconds, type OptionTable } from '../../util/validation.js';
import type { ServerAddress } from '../protocol/endpoint.js';
import { type TypeName, toMethodId } from '../protocol/methods.js';
import { getConnection } from './connection-registry.js';
import type { ManagerConnection, RequestOptions } from './manager-connection.js';

/** The kind of the handles of shared objects. */
export const KIND = 'manager';

/** The manager of an object, and the object's id there. */
export interface ObjectAddress extends ServerAddress {
  id: number;
}

/**
 * Limits how long a call waits.
 *
 * @since 0.2.0
 */
export interface WaitOptions {
  /** Milliseconds until the call rejects with `TimeoutError`. 0 still succeeds if the call does not have to wait. */
  timeout?: number | undefined;
  /** Cancels the call, which rejects with the signal's reason. A cancelled call loses no item, lock or permit. */
  signal?: AbortSignal | undefined;
}

export const WAIT_OPTIONS = {
  timeout: { check: milliseconds },
  signal: { check: abortSignal },
} as const satisfies OptionTable<WaitOptions>;

/** @throws TypeError for an unknown or wrong option; its message begins with `method`. */
export function readWaitOptions(method: string, options: WaitOptions | undefined): WaitOptions {
  return options === undefined ? {} : checkOptions(method, options, WAIT_OPTIONS);
}

/**
 * A proxy for an object in the server of a manager.
 *
 * It can be an argument, a result, or part of one, like any value: only the object's address is sent. A process connects
 * to the server with its first call.
 */
export abstract class SharedObject {
  readonly #address: ObjectAddress;
  readonly #type: TypeName;
  #connection: ManagerConnection | undefined;
  #handle: HandleParts | undefined;

  /** @internal */
  constructor(address: ObjectAddress, type: TypeName) {
    this.#address = address;
    this.#type = type;
  }

  /** @internal The form in which it is sent. */
  [HANDLE](): HandleParts {
    const { folder, path, key, id } = this.#address;
    this.#handle ??= [KIND, folder, path, key, id, this.#type];
    return this.#handle;
  }

  /** @internal */
  protected call(method: number, args: readonly unknown[], options?: RequestOptions): Promise<unknown> {
    return this.#getConnection().call(toMethodId(this.#address.id, method), args, options);
  }

  /** @internal A call without an answer. */
  protected tell(method: number, args: readonly unknown[]): void {
    this.#getConnection().tell(toMethodId(this.#address.id, method), args);
  }

  #getConnection(): ManagerConnection {
    this.#connection ??= getConnection(this.#address);
    return this.#connection;
  }
}
