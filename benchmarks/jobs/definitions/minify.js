import { listInstalled, scaleDown } from '../input.js';

/** @type {import('../index.js').Job} */
export default {
  name: 'minify',
  title: 'scripts minified with terser',
  about: 'minifies JavaScript files of 2 to 60 KB of `node_modules` with terser and its default options',
  libraries: ['terser'],

  async prepare({ scale }) {
    const scripts = await listInstalled(/\.[cm]?js$/, { smallest: 2_000, largest: 60_000 });
    return scaleDown(scripts.slice(0, 80), scale);
  },
};
