// How the pages of docs/, which also read well on GitHub, are rendered on the site.
import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pageOf } from './programs.js';

const docs = fileURLToPath(new URL('..', import.meta.url));

/** Files outside docs/ that have a page on the site. */
const PAGES = {
  '../CHANGELOG.md': '/changes.md',
  '../README.md': '/index.md',
};

/** Colours each block once: VitePress renders every page for its HTML and again for the search. */
export function highlightOnce(md) {
  const { highlight } = md.options;
  const known = new Map();
  md.options.highlight = (text, language, attributes) => {
    const key = JSON.stringify([text, language, attributes]);
    if (!known.has(key)) known.set(key, highlight(text, language, attributes));
    return known.get(key);
  };
}

/** Shows the name of a block with `file=…`, and marks a `text` block as the output of the block before it. */
export function showFileNames(md) {
  const { fence } = md.renderer.rules;
  md.renderer.rules.fence = (tokens, index, ...rest) => {
    const { info } = tokens[index];
    const html = fence(tokens, index, ...rest);
    const file = /\bfile=(\S+)/.exec(info)?.[1];
    if (file !== undefined)
      return `<div class="named-block"><div class="file-name">${md.utils.escapeHtml(file)}</div>${html}</div>`;
    const before = tokens[index - 1];
    if (info.trim() === 'text' && before?.type === 'fence')
      return `<div class="named-block output"><div class="file-name">Output</div>${html}</div>`;
    return html;
  };
}

/**
 * Leads links to files of the repository to their page on the site, or else to the repository. Without the address of a
 * repository they are plain text.
 */
export function linkFiles(md, { repository }) {
  md.core.ruler.push('link-files', ({ tokens, env }) => {
    for (const { children } of tokens.filter(({ type }) => type === 'inline'))
      for (const [index, token] of children.entries())
        if (token.type === 'link_open') rewrite(token, children, index, env.relativePath ?? '');
  });

  function rewrite(token, siblings, index, page) {
    const href = token.attrGet('href') ?? '';
    if (/^(\w+:|#|\/)/.test(href)) return;
    const [path, anchor] = href.split('#');
    const file = normalize(join(dirname(page), path));
    const known = PAGES[file];
    if (known !== undefined) return token.attrSet('href', anchor === undefined ? known : `${known}#${anchor}`);
    const example = /^examples\/(.+\.[cm]?[jt]s)$/.exec(file)?.[1];
    if (example !== undefined) return token.attrSet('href', pageOf(example));
    if (!file.startsWith('../') && (path.endsWith('.md') || path.endsWith('/'))) return;
    if (!existsSync(join(docs, file))) return;
    const url = repository?.replace(/^git\+|\.git$/g, '');
    if (url !== undefined)
      return token.attrSet('href', `${url}/blob/main/${file.startsWith('../') ? file.slice(3) : `docs/${file}`}`);
    token.tag = 'span';
    token.attrs = [];
    const close = siblings.slice(index).find(({ type, level }) => type === 'link_close' && level === token.level);
    if (close !== undefined) close.tag = 'span';
  }
}
