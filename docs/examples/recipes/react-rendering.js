// react-rendering: a server that renders React pages in other processes. While one page is rendered, others are too, and the server
// answers everything else at once.
// Usage: PORT=3000 node docs/examples/recipes/react-rendering.js
import { once } from 'node:events';
import { createServer } from 'node:http';
import { isMainProcess, Pool } from 'aiomultiprocess';
import { createElement as h } from 'react';
import { renderToString } from 'react-dom/server';

function Product({ name, cents, tags }) {
  const list = tags.map((tag) => h('li', { key: tag }, tag));
  return h('article', null, h('h2', null, name), h('p', null, `${(cents / 100).toFixed(2)} €`), h('ul', null, list));
}

function Catalog({ title, products }) {
  const articles = products.map((product) => h(Product, { key: product.name, ...product }));
  return h('html', { lang: 'en' }, h('title', null, title), h('body', null, h('h1', null, title), articles));
}

/** The task: gets the data of a page, not its elements, and returns its HTML. */
export function renderCatalog(props) {
  return `<!doctype html>${renderToString(h(Catalog, props))}`;
}

if (isMainProcess) {
  const pool = new Pool({ name: 'rendering', taskTimeout: 2_000, maxQueueSize: 500 });
  // Without it, the first requests would wait for React to be loaded.
  await pool.warm(renderCatalog);

  const server = createServer(async (request, response) => {
    const page = Number(/^\/catalog\/(\d+)$/.exec(request.url)?.[1]);
    if (!page) return response.writeHead(404).end();
    // A reader who leaves needs no page.
    const left = new AbortController();
    response.on('close', () => left.abort());
    try {
      const html = await pool.apply(renderCatalog, [readCatalog(page)], { signal: left.signal });
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(html);
    } catch (error) {
      if (!left.signal.aborted) response.writeHead(503, { 'retry-after': '1' }).end(error.message);
    }
  });
  server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
  await once(server, 'listening');
  console.log(`http://127.0.0.1:${server.address().port}`);

  process.on('SIGTERM', () => {
    server.close(async () => {
      pool.close();
      await pool.join();
    });
  });
}

/** Stands for a query of a database. */
function readCatalog(page) {
  const products = Array.from({ length: 50 }, (_, index) => ({
    name: `Product ${page}-${index} <new>`,
    cents: page * 1000 + index,
    tags: ['wood', 'blue', `size ${index % 5}`],
  }));
  return { title: `Catalog ${page}`, products };
}
