// markdown-site: renders the Markdown files of a folder, and of the folders in it, to HTML pages.
// Usage: node docs/examples/recipes/markdown-site.js FOLDER OUTPUT_FOLDER
import { readdirSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isMainProcess, Pool } from 'aiomultiprocess';

/** Set once in each process. */
let markdown;
let wrap;

/** The initializer: what all pages need is prepared once for each process, not for each page. */
export async function prepare(siteTitle) {
  const { default: MarkdownIt } = await import('markdown-it');
  markdown = new MarkdownIt({ html: false, linkify: true, typographer: true });
  // Links between the files become links between the pages.
  const normalize = markdown.normalizeLink;
  markdown.normalizeLink = (link) => normalize(link.replace(/^([^:#]+)\.md(#.*)?$/, '$1.html$2'));
  wrap = (title, body) =>
    `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title} – ${siteTitle}</title><main>${body}</main></html>\n`;
}

/** The task. */
export async function renderPage(source, target) {
  const text = await readFile(source, 'utf8');
  const [, title = 'Untitled'] = /^# (.*)$/m.exec(text) ?? [];
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, wrap(markdown.utils.escapeHtml(title), markdown.render(text)));
  return title;
}

if (isMainProcess) {
  const [, , from = 'docs', to = 'site'] = process.argv;
  const names = readdirSync(from, { recursive: true }).filter((name) => name.endsWith('.md'));
  const paths = names.map((name) => [join(from, name), join(to, name.replace(/\.md$/, '.html'))]);
  await Pool.using({ name: 'site', initializer: prepare, initargs: ['Notes'] }, async (pool) => {
    const titles = await pool.starmap(renderPage, paths, { progress: { label: 'pages' } });
    const items = titles.map((title, index) => `- [${title}](${names[index].replaceAll('\\', '/')})`).sort();
    await writeFile(join(to, 'contents.md'), `# Contents\n\n${items.join('\n')}\n`);
    await pool.apply(renderPage, [join(to, 'contents.md'), join(to, 'contents.html')]);
    console.log(`${titles.length} pages`);
  });
}
