import { fileURLToPath } from 'node:url';

const oneArgument = fileURLToPath(new URL('../tasks/one-argument.cjs', import.meta.url));

/**
 * @param {number} concurrentTasksPerWorker
 * @returns {import('./index.js').Contender}
 */
const configure = (concurrentTasksPerWorker) => ({
  name: `tinypool child_process ${concurrentTasksPerWorker}`,
  kind: 'processes',
  package: 'tinypool',

  async open({ processes, task, module }) {
    const { default: Tinypool } = await import('tinypool');
    const pool = new Tinypool({
      filename: module ? fileURLToPath(module) : oneArgument,
      name: task,
      runtime: 'child_process',
      serialization: 'advanced',
      minThreads: processes,
      maxThreads: processes,
      concurrentTasksPerWorker,
      // Its processes have no environment by default: without NODE_ENV, a library may run in its slow development mode.
      env: process.env,
    });
    return {
      call: (args) => pool.run(module ? args[0] : args),
      close: () => pool.destroy(),
    };
  },
});

// Its default is one task at a time; sixteen keep its pipes full.
export default [configure(1), configure(16)];
