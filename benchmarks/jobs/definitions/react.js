import { scaleCount } from '../input.js';

const PAGES = 1_000;

/** @type {import('../index.js').Job} */
export default {
  name: 'react',
  title: 'pages rendered by React on the server',
  about:
    'renders a catalog page with 200 products (seeds 1 to 1,000) by renderToString of react-dom, in production mode',
  libraries: ['react', 'react-dom'],

  async prepare({ scale }) {
    return Array.from({ length: scaleCount(PAGES, scale) }, (_, index) => index + 1);
  },
};
