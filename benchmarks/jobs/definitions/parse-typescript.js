import { listInstalled, scaleDown } from '../input.js';

/** @type {import('../index.js').Job} */
export default {
  name: 'parse-typescript',
  title: 'source files parsed with TypeScript',
  about: 'reads and parses JavaScript and TypeScript files of `node_modules` and counts their lines and syntax nodes',
  libraries: ['typescript'],
  whyMissed: {
    'warm alone':
      'beside each second of its main thread, one process uses half a second of other threads, mostly of the garbage collector, ' +
      'so that a second core can add half a core',
  },

  async prepare({ scale }) {
    return scaleDown((await listInstalled(/\.[jt]s$/)).slice(0, 3_000), scale);
  },
};
