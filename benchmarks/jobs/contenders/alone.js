// This process, without a pool: as many items at a time as a process of our pool may have, so that it waits for files no longer
// than a pool does.

const AT_A_TIME = 16;

/** @type {import('../../contenders/index.js').Contender} */
export default {
  name: 'one process',
  kind: 'alone',

  async open({ task, module }) {
    const { [task]: fn } = await import(module);
    return {
      call: ([item]) => fn(item),

      async map(items) {
        const results = [];
        const entries = items.entries();
        const pull = async () => {
          for (const [index, item] of entries) results[index] = await fn(item);
        };
        await Promise.all(Array.from({ length: AT_A_TIME }, pull));
        return results;
      },

      async close() {},
    };
  },
};
