import type { AsyncResource } from 'node:async_hooks';

/** Who has made a call, as far as somebody wants to know. */
export interface Caller {
  /** Where listeners that are told of the tasks of the call run: they see the caller's asynchronous context. */
  readonly scope: AsyncResource;
  /** What the option `contextPropagation` has taken of that context; `undefined`: nothing. */
  readonly context: unknown;
}
