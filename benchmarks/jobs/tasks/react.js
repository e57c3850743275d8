import { createElement as h } from 'react';
import { renderToString } from 'react-dom/server';
import { createRandom } from '../../random.js';

const WORDS = ['amber', 'birch', 'cedar', 'delta', 'ember', 'fjord', 'grove', 'heath'];
const ROWS = 200;

function Price({ cents }) {
  return h('span', { className: cents > 50_000 ? 'price high' : 'price' }, `${(cents / 100).toFixed(2)} €`);
}

function Row({ product }) {
  return h(
    'tr',
    { id: `product-${product.id}` },
    h('td', null, h('a', { href: `/products/${product.id}`, title: product.name }, product.name)),
    h('td', null, h(Price, { cents: product.cents })),
    h('td', null, h('ul', null, ...product.tags.map((tag) => h('li', { key: tag }, tag)))),
    h(
      'td',
      null,
      product.stock > 0 ? h('button', { type: 'button', 'data-id': product.id }, 'Add') : h('em', null, '–'),
    ),
  );
}

function Page({ title, products }) {
  return h(
    'html',
    { lang: 'en' },
    h('head', null, h('title', null, title)),
    h(
      'body',
      { style: { margin: 0, fontFamily: 'sans-serif' } },
      h('h1', null, title),
      h('table', null, h('tbody', null, ...products.map((product) => h(Row, { key: product.id, product })))),
    ),
  );
}

/** Renders the page of a seed. */
export async function work(seed) {
  const random = createRandom(seed);
  const pick = () => WORDS[Math.floor(random() * WORDS.length)];
  const products = Array.from({ length: ROWS }, (_, id) => ({
    id,
    name: `${pick()} & ${pick()} <${seed}>`,
    cents: Math.floor(random() * 100_000),
    stock: Math.floor(random() * 5),
    tags: [...new Set([pick(), pick(), pick()])],
  }));
  return { pages: 1, length: renderToString(h(Page, { title: `Catalog ${seed}`, products })).length };
}
