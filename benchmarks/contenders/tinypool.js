import { fileURLToPath } from 'node:url';

const filename = fileURLToPath(new URL('../tasks/one-argument.cjs', import.meta.url));

/**
 * @param {number} concurrentTasksPerWorker
 * @returns {import('./index.js').Contender}
 */
const configure = (concurrentTasksPerWorker) => ({
  name: `tinypool child_process ${concurrentTasksPerWorker}`,
  kind: 'processes',
  package: 'tinypool',

  async open({ processes, task }) {
    const { default: Tinypool } = await import('tinypool');
    const pool = new Tinypool({
      filename,
      name: task,
      runtime: 'child_process',
      serialization: 'advanced',
      minThreads: processes,
      maxThreads: processes,
      concurrentTasksPerWorker,
    });
    return {
      call: (args) => pool.run(args),
      close: () => pool.destroy(),
    };
  },
});

// One at a time is its default; sixteen keep its pipes full.
export default [configure(1), configure(16)];
