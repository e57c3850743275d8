import { types } from 'node:util';

/**
 * A promise that rejects with `error`, whose stack then also says who called.
 *
 * Taking the caller's stack with every call would cost more than the call. An async function that throws after the
 * caller has awaited its promise gets it from V8 for nothing, through the chain of those who await.
 */
export async function raise(error: unknown): Promise<never> {
  // Once for the promise of the call to be resolved with this one, once for it to be listened to.
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
    // Above an uncaught error, Node.js shows the line of the first frame that V8 has noted: the caller's, not this package's.
    Error.captureStackTrace(error, raise);
    const value = outside.length === 0 ? stack : `${stack}\n${outside.join('\n')}`;
    Object.defineProperty(error, 'stack', { value, writable: true, configurable: true, enumerable: false });
  } catch {
    // A frozen error keeps the stack it has.
  }
}
