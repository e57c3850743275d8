/**
 * Does nothing: Node.js can only start processes from scratch, as Python's `spawn` does.
 *
 * @throws RangeError for `'fork'` and `'forkserver'`: a Node.js process cannot be copied while it runs.
 */
export function setStartMethod(method: 'spawn' = 'spawn'): void {
  if (method === 'spawn') return;
  throw new RangeError(
    `setStartMethod: Node.js has only "spawn", got ${JSON.stringify(method)}; ` +
      'a running Node.js process has threads and an event loop that fork() would not copy',
  );
}
