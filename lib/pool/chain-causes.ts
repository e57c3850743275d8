/**
 * The last of some errors, with the ones before it at the end of its causes.
 *
 * Values that are no errors, and errors that cannot be changed, keep what they have.
 */
export function chainCauses(errors: readonly unknown[]): unknown {
  for (let at = 1; at < errors.length; at++) appendCause(errors[at], errors[at - 1]);
  return errors.at(-1);
}

function appendCause(error: unknown, cause: unknown): void {
  const seen = new Set([cause]);
  let end = error;
  while (!seen.has(end) && isObject(end) && isObject(end.cause)) {
    seen.add(end);
    end = end.cause;
  }
  if (seen.has(end) || !(end instanceof Error) || !Object.isExtensible(end)) return;
  Object.defineProperty(end, 'cause', { value: cause, writable: true, configurable: true, enumerable: false });
}

function isObject(value: unknown): value is { cause?: unknown } {
  return typeof value === 'object' && value !== null;
}
