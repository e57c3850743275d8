import { listInstalled, scaleDown } from '../input.js';

/** @type {import('../index.js').Job} */
export default {
  name: 'scan-gzip',
  title: 'source files scanned and compressed',
  about:
    "reads JavaScript and TypeScript files of `node_modules`, counts their tokens with TypeScript's scanner and gzips them",
  libraries: ['typescript'],
  whyMissed: {
    'warm alone':
      'beside each second of its main thread, one process uses a third of a second of other threads, which read files and ' +
      'collect garbage, so that a second core can add two thirds of a core',
  },

  async prepare({ scale }) {
    return scaleDown(await listInstalled(/\.[jt]s$/), scale);
  },
};
