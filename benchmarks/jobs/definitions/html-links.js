import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { listInstalled, repeat, scaleDown } from '../input.js';

/** @type {import('../index.js').Job} */
export default {
  name: 'html-links',
  title: 'HTML pages parsed for their links',
  about:
    'parses HTML pages with parse5 and counts their nodes, links and images. markdown-it makes the pages from the Markdown ' +
    'files of `node_modules`; each is parsed eight times',
  libraries: ['parse5', 'markdown-it'],

  async prepare({ folder, scale }) {
    const { default: MarkdownIt } = await import('markdown-it');
    const markdown = new MarkdownIt({ html: true, linkify: true });
    const pages = [];
    for (const [index, path] of scaleDown(await listInstalled(/\.md$/i), scale).entries()) {
      const page = join(folder, `${index}.html`);
      const body = markdown.render(await readFile(path, 'utf8'));
      await writeFile(page, `<!doctype html><html><head><title>${index}</title></head><body>${body}</body></html>`);
      pages.push(page);
    }
    return repeat(pages, 8);
  },
};
