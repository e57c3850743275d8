import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('../tasks/functions.cjs', import.meta.url));

/** @type {import('./index.js').Contender} */
export default {
  name: 'jest-worker process',
  kind: 'processes',
  package: 'jest-worker',

  async open({ processes, task, ready = true }) {
    const { Worker } = await import('jest-worker');
    const pool = new Worker(script, {
      enableWorkerThreads: false,
      exposedMethods: [task],
      numWorkers: processes,
      forkOptions: { serialization: 'advanced' },
    });
    if (ready) await pool.start();
    return {
      call: (args) => pool[task](...args),
      close: () => pool.end(),
    };
  },
};
