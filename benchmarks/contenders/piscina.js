import { fileURLToPath } from 'node:url';

const oneArgument = fileURLToPath(new URL('../tasks/one-argument.cjs', import.meta.url));

/**
 * @param {number} concurrentTasksPerWorker
 * @param {'sync' | 'disabled'} atomics
 * @returns {import('./index.js').Contender}
 */
const configure = (concurrentTasksPerWorker, atomics) => ({
  name: `piscina ${concurrentTasksPerWorker}${atomics === 'disabled' ? ', no Atomics' : ''}`,
  kind: 'threads',
  package: 'piscina',

  async open({ processes, task, module }) {
    const { Piscina } = await import('piscina');
    const pool = new Piscina({
      filename: module ? fileURLToPath(module) : oneArgument,
      name: task,
      minThreads: processes,
      maxThreads: processes,
      idleTimeout: Infinity,
      concurrentTasksPerWorker,
      atomics,
      // Histograms cost piscina time, and are not used here.
      recordTiming: false,
    });
    return {
      call: (args) => pool.run(module ? args[0] : args),
      close: () => pool.destroy(),
    };
  },
});

// Waiting with Atomics saves time when a thread has one task at a time, but it blocks the thread's event loop, so neither
// setting is best everywhere.
export default [configure(1, 'sync'), configure(1, 'disabled'), configure(16, 'sync'), configure(16, 'disabled')];
