import { listInstalled, repeat, scaleDown } from '../input.js';

/** @type {import('../index.js').Job} */
export default {
  name: 'markdown',
  title: 'Markdown files to HTML',
  about: 'renders the Markdown files of `node_modules` with markdown-it, all extensions on, eight times each',
  libraries: ['markdown-it'],

  async prepare({ scale }) {
    return scaleDown(repeat(await listInstalled(/\.md$/i), 8), scale);
  },
};
