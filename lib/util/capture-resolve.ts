type Resolve = (value: unknown) => void;

let captured: Resolve;

/**
 * The executor of a promise that is resolved from outside; read its function with {@link capturedResolve} right after.
 *
 * One executor serves all promises: a closure for each would cost as much as the promise.
 */
export function captureResolve(resolve: Resolve): void {
  captured = resolve;
}

/** The function that resolves the promise that was created last. */
export function capturedResolve(): Resolve {
  return captured;
}
