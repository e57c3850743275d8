import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** Of this checkout, unless compare-builds.js names the folder of another. */
const folder = process.env.AIOMULTIPROCESS_BUILD ?? fileURLToPath(new URL('../../', import.meta.url));
const build = pathToFileURL(join(folder, 'dist/lib/index.js'));

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

  async open({ processes, task, module, ready = true }) {
    const { Manager, Pool, tasksFrom } = await import(build.href);
    // Like the file name that peers take: the caller does not load the module and its libraries.
    const fn = module ? tasksFrom(module)[task] : (await import('../tasks/functions.cjs'))[task];
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
