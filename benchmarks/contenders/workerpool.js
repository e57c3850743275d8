import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('../tasks/workerpool-worker.cjs', import.meta.url));

/** @type {import('./index.js').Contender} */
export default {
  name: 'workerpool process',
  kind: 'processes',
  package: 'workerpool',

  async open({ processes, task }) {
    const { default: workerpool } = await import('workerpool');
    const pool = workerpool.pool(script, {
      workerType: 'process',
      minWorkers: processes,
      maxWorkers: processes,
      // Its default, JSON, turns a Buffer into an object with a million keys.
      forkOpts: { serialization: 'advanced' },
    });
    return {
      call: (args) => pool.exec(task, args),
      close: () => pool.terminate(true),
    };
  },
};
