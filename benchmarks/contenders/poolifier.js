import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('../tasks/poolifier-worker.cjs', import.meta.url));

/** @type {import('./index.js').Contender} */
export default {
  name: 'poolifier cluster',
  kind: 'processes',
  package: 'poolifier',

  async open({ processes, task, concurrency }) {
    const { FixedClusterPool } = await import('poolifier');
    const pool = new FixedClusterPool(processes, script, {
      settings: { serialization: 'advanced' },
      // Without its queue it dispatches everything at once, which is faster, but has no limit.
      ...(concurrency && { enableTasksQueue: true, tasksQueueOptions: { concurrency } }),
    });
    return {
      call: (args) => pool.execute(args, task),
      close: () => pool.destroy(),
    };
  },
};
