import { fileURLToPath } from 'node:url';

const filename = fileURLToPath(new URL('../tasks/one-argument.cjs', import.meta.url));

/**
 * @param {number} concurrentTasksPerWorker
 * @param {'sync' | 'disabled'} atomics
 * @returns {import('./index.js').Contender}
 */
const configure = (concurrentTasksPerWorker, atomics) => ({
  name: `piscina ${concurrentTasksPerWorker}${atomics === 'disabled' ? ', no Atomics' : ''}`,
  kind: 'threads',
  package: 'piscina',

  async open({ processes, task }) {
    const { Piscina } = await import('piscina');
    const pool = new Piscina({
      filename,
      name: task,
      minThreads: processes,
      maxThreads: processes,
      idleTimeout: Infinity,
      concurrentTasksPerWorker,
      atomics,
      // Histograms cost piscina time and nobody reads them here.
      recordTiming: false,
    });
    return {
      call: (args) => pool.run(args),
      close: () => pool.destroy(),
    };
  },
});

// The Atomics wait saves time when a thread has one task at a time and stops its event loop meanwhile, so
// neither setting is best everywhere.
export default [configure(1, 'sync'), configure(1, 'disabled'), configure(16, 'sync'), configure(16, 'disabled')];
