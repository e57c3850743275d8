/**
 * Accepts `'spawn'`, the only start method of Node.js, and has no effect.
 *
 * @throws RangeError for `'fork'` and `'forkserver'`: a running Node.js process cannot be copied.
 * @example
 * ```ts
 * setStartMethod('spawn');
 * ```
 * @since 0.2.0
 */
export function setStartMethod(method: 'spawn' = 'spawn'): void {
  if (method === 'spawn') return;
  throw new RangeError(
    `setStartMethod: Node.js has only "spawn", got ${JSON.stringify(method)}; ` +
      'a running Node.js process has threads and an event loop that fork() would not copy',
  );
}
