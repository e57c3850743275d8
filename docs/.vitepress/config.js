// The documentation site. `npm run docs` builds it: TypeDoc writes docs/api/, then VitePress renders all pages. The build
// fails on a link to a page or a heading that does not exist.
import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitepress';
import codeTheme from './code-theme.js';
import { highlightOnce, linkFiles, showFileNames } from './markdown.js';
import { renderReferenceSidebar, renderSidebar } from './sidebar.js';

const { version, description, repository } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
);

export default defineConfig({
  title: 'aiomultiprocess',
  titleTemplate: ':title · aiomultiprocess',
  description,
  lang: 'en',
  // Relative, so that the site works in any folder of any server.
  base: process.env.DOCS_BASE ?? '/',
  cleanUrls: false,
  lastUpdated: false,
  srcExclude: ['examples/**/*.md'],
  rewrites: { 'README.md': 'overview.md', ':folder/README.md': ':folder/index.md' },
  ignoreDeadLinks: false,
  head: [
    ['link', { rel: 'icon', type: 'image/svg+xml', href: `${process.env.DOCS_BASE ?? '/'}logo.svg` }],
    ['meta', { name: 'theme-color', content: '#0f766e' }],
  ],
  markdown: {
    theme: codeTheme,
    config(md) {
      highlightOnce(md);
      showFileNames(md);
      linkFiles(md, { repository: repository?.url });
    },
  },
  themeConfig: {
    logo: '/logo.svg',
    nav: [
      { text: 'Start', link: '/getting-started' },
      { text: 'Reference', link: '/api/', activeMatch: '/api/' },
      { text: 'Performance', link: '/performance' },
      { text: version, items: [{ text: 'Changes', link: '/changes' }] },
    ],
    sidebar: {
      '/': renderSidebar(),
      '/api/': renderReferenceSidebar(),
    },
    outline: { level: [2, 3] },
    search: {
      provider: 'local',
      options: {
        // The name begins with what the button shows: whoever speaks to a computer says that. The space is before the key.
        translations: { button: { buttonText: 'Search ', buttonAriaLabel: 'Search K, with Ctrl or Command' } },
        // The names of the reference first: whoever searches for "Pool" looks for the class.
        miniSearch: { searchOptions: { boost: { title: 8, text: 1, titles: 2 }, fuzzy: 0.15, prefix: true } },
      },
    },
    notFound: {
      title: 'Page not found',
      quote: 'The search finds every page of this version.',
      linkText: 'To the home page',
      linkLabel: 'To the home page',
    },
    docFooter: { prev: 'Previous', next: 'Next' },
    externalLinkIcon: true,
    footer: { message: 'MIT license' },
  },
});
