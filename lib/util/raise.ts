import { types } from 'node:util';

/**
 * A promise that rejects with `error`, and adds the caller to the stack of the error.
 *
 * Capturing the caller's stack with every call would cost more than the call. If an async function throws after the
 * caller awaits its promise, V8 finds the caller at no cost, through the chain of awaiting functions.
 */
export async function raise(error: unknown): Promise<never> {
  // One turn until the promise of the call is resolved with this one, another until its caller awaits it.
  await undefined;
  await undefined;
  if (types.isNativeError(error) && !complete.has(error)) appendCaller(error);
  throw error;
}

/** One error may reject several promises; its stack names the first caller. */
const complete = new WeakSet<Error>();

function appendCaller(error: Error): void {
  complete.add(error);
  const { stack } = error;
  const caller: { stack?: string } = {};
  Error.captureStackTrace(caller, appendCaller);
  const lines = caller.stack?.split('\n').slice(1) ?? [];
  const outside = lines.filter((line) => !line.includes('at raise ') && !line.includes('at async raise '));
  if (typeof stack !== 'string') return;
  try {
    // Above an uncaught error, Node.js shows the line of the first captured frame: it must be the caller's, not this
    // package's.
    Error.captureStackTrace(error, raise);
    const value = outside.length === 0 ? stack : `${stack}\n${outside.join('\n')}`;
    Object.defineProperty(error, 'stack', { value, writable: true, configurable: true, enumerable: false });
  } catch {
    // A frozen error keeps its stack.
  }
}
