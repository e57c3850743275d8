// The sidebar: the folders of the guides as they are, and the pages directly in docs/ by the groups below.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { listPrograms } from './programs.js';

const docs = fileURLToPath(new URL('..', import.meta.url));

/** Pages directly in docs/, in the order of the sidebar. A page that is in no group fails the build. */
const GROUPS = [
  ['Start', ['getting-started', 'tasks', 'pool', 'errors']],
  { folder: 'guides', title: 'Guides' },
  { folder: 'recipes', title: 'Recipes' },
  { folder: 'moving-from', title: 'Moving from' },
  [
    'In depth',
    [
      'process-and-worker',
      'manager',
      'shared-memory',
      'observability',
      'dashboard',
      'cli',
      'distributed',
      'bundlers-and-test-runners',
    ],
  ],
  ['Evidence', ['reliability', 'performance', 'real-jobs', 'compatibility']],
  ['Project', ['coming-from-python', 'design', 'changes']],
];

/** Not in the sidebar: the home page and the page that replaces it on GitHub. */
const ELSEWHERE = new Set(['index', 'README']);

/** @returns {import('vitepress').DefaultTheme.SidebarItem[]} */
export function renderSidebar() {
  const grouped = new Set(GROUPS.flatMap((group) => (Array.isArray(group) ? group[1] : [])));
  const forgotten = pagesIn('').filter((name) => !grouped.has(name) && !ELSEWHERE.has(name));
  if (forgotten.length > 0)
    throw new Error(`docs/.vitepress/sidebar.js puts these pages in no group: ${forgotten.join(', ')}`);
  const groups = GROUPS.map((group) => {
    const [text, names] = Array.isArray(group) ? group : [group.title, orderOf(group.folder)];
    const items = names
      .filter(exists)
      .map((name) => ({ text: titleOf(name), link: `/${name.replace(/README$/, '')}` }));
    return { text, items };
  });
  const programs = listPrograms().map(({ name }) => ({ text: name, link: `/programs/${name}` }));
  groups.push({ text: 'Example programs', items: programs });
  return groups.filter(({ items }) => items.length > 0);
}

/** The sidebar of the reference: the groups of the main entry point first, then the other entry points. */
export function renderReferenceSidebar() {
  const entries = JSON.parse(readFileSync(new URL('../api/typedoc-sidebar.json', import.meta.url), 'utf8'));
  const main = entries.find(({ link }) => link !== undefined);
  const others = entries.filter((entry) => entry !== main).flatMap(({ items }) => items);
  const overview = { text: 'All names', link: '/api/' };
  // Not collapsible: the theme nests a button in a button for that.
  const open = ({ text, items }) => ({ text, items });
  const flat = ({ text, items }) => ({
    text: `aiomultiprocess/${text}`,
    items: items.flatMap((group) => group.items),
  });
  return [overview, ...main.items.map(open), ...others.map(flat)];
}

/** The pages of a folder: its README first, the rest in the order in which that links to them, then by name. */
function orderOf(folder) {
  if (!existsSync(`${docs}${folder}`)) return [];
  const overview = exists(`${folder}/README`) ? readFileSync(`${docs}${folder}/README.md`, 'utf8') : '';
  const rank = (name) => {
    const at = overview.indexOf(`](${name}.md`);
    return name === 'README' ? -1 : at < 0 ? Number.MAX_SAFE_INTEGER : at;
  };
  const names = pagesIn(folder).toSorted((a, b) => rank(a) - rank(b) || a.localeCompare(b));
  return names.map((name) => `${folder}/${name}`);
}

function pagesIn(folder) {
  return readdirSync(docs + folder)
    .filter((name) => name.endsWith('.md'))
    .map((name) => name.slice(0, -3));
}

const exists = (name) => existsSync(`${docs}${name}.md`);

/** The first heading of a page, without the markup that a sidebar cannot show. */
function titleOf(name) {
  const text = readFileSync(`${docs}${name}.md`, 'utf8');
  const title = /^sidebar: (.+)$/m.exec(text)?.[1] ?? /^# (.+)$/m.exec(text)?.[1];
  if (title === undefined) throw new Error(`docs/${name}.md has no heading`);
  return title.replaceAll('`', '');
}
