import { existsSync } from 'node:fs';

const build = new URL('../../dist/lib/index.js', import.meta.url);

/** @type {import('./index.js').Contender} */
export default {
  name: 'aiomultiprocess',
  kind: 'ours',

  async whyUnavailable() {
    if (!existsSync(build)) return 'dist/lib/index.js is missing: run `npm run build` in the root first';
    const { Pool } = await import(build.href);
    return Pool ? undefined : 'dist/lib/index.js does not export Pool yet';
  },

  load: () => import(build.href),

  async open({ processes, task, ready = true }) {
    const { Manager, Pool } = await import(build.href);
    const functions = await import('../tasks/functions.cjs');
    const fn = functions[task];
    const pool = new Pool({ processes });
    if (ready) await pool.ready();
    let manager;
    return {
      async share(locks) {
        manager ??= new Manager();
        return { queue: manager.queue(), locks: Array.from({ length: locks }, () => manager.lock()) };
      },
      call: (args) => pool.apply(fn, args),
      map: (items) => pool.map(fn, items),
      starmap: (argLists) => pool.starmap(fn, argLists),
      async close() {
        pool.terminate();
        await pool.join();
        await manager?.close();
      },
    };
  },
};
