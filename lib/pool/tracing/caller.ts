import type { AsyncResource } from 'node:async_hooks';

/** Who made a call. Only calls of a pool that is traced, or propagates context, have one. */
export interface Caller {
  /** Where listeners to the events of the call's tasks run: they see the caller's asynchronous context. */
  readonly scope: AsyncResource;
  /** The value that the option `contextPropagation` captured from that context; `undefined`: nothing. */
  readonly context: unknown;
}
