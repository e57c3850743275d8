/** The documentation of each option, in docs/ and in editors, matches the table that defines the option. */
import { readFileSync } from 'node:fs';
import { DASHBOARD_OPTIONS } from '../dist/lib/dashboard/options.js';
import { DISTRIBUTED_POOL_OPTIONS, HOST_OPTIONS } from '../dist/lib/distributed/options.js';
import { MAP_OPTIONS } from '../dist/lib/pool/options/call-options.js';
import { POOL_OPTIONS } from '../dist/lib/pool/options/pool-options.js';
import { INITIALIZER_OPTIONS, PROCESS_OPTIONS, SPAWN_OPTIONS } from '../dist/lib/process/options.js';
import type { DocumentedOption } from '../dist/lib/util/validation.js';
import { CONTENTS, renderDefault, renderOptions } from '../scripts/option-tables.js';
import { pages } from './support/pages.ts';
import { root } from './support/run.ts';

const shared = Object.keys({ ...SPAWN_OPTIONS, ...INITIALIZER_OPTIONS });

test.each(pages().filter(({ text }) => text.includes('written by `npm run options`')))(
  '$name has the options and the programs of the code',
  (page) => {
    // `npm run options` writes them.
    expect(page.text).toBe(renderOptions(page.text));
  },
);

test('the pages contain every table', () => {
  const found = pages().flatMap(({ text }) => [
    ...text.matchAll(/<!-- begin ([\w ]+): written by `npm run options` -->/g),
  ]);
  expect(found.map(([, name]) => name).toSorted()).toEqual(Object.keys(CONTENTS).toSorted());
});

test.each([['outdated'], []])('a page with the options %j is detected', (...options) => {
  const comments = ['<!-- begin options of pools: written by `npm run options` -->', '<!-- end options of pools -->'];
  const rendered = renderOptions(['# Pool', comments[0], ...options, comments[1], 'More.\n'].join('\n\n'));
  expect(rendered).toContain(
    '\n| `maxTasksPerChild` | integer | 0 | Number of tasks after which a process is replaced; 0: never. |\n',
  );
  expect(rendered).toMatch(/^# Pool\n[\s\S]*\nMore\.\n$/);
  expect(renderOptions(rendered)).toBe(rendered);
});

describe.each<[string, string, Readonly<Record<string, DocumentedOption>>]>([
  ['PoolOptions', 'lib/pool/options/pool-options.ts', omitShared(POOL_OPTIONS)],
  ['MapOptions', 'lib/pool/options/call-options.ts', MAP_OPTIONS],
  ['DashboardOptions', 'lib/dashboard/options.ts', DASHBOARD_OPTIONS],
  ['ProcessOptions', 'lib/process/options.ts', PROCESS_OPTIONS],
  ['DistributedPoolOptions', 'lib/distributed/options.ts', DISTRIBUTED_POOL_OPTIONS],
  ['HostOptions', 'lib/distributed/options.ts', HOST_OPTIONS],
])('the comments of %s', (_name, file, table) => {
  const comments = readComments(file);

  test.each(Object.entries(table))('%s starts with its description and its default', (name, option) => {
    const text = renderDefault(option);
    const ending = text === '' ? '' : ` Default: ${text}${text.endsWith('…') ? '' : '.'}`;
    const expected = `${option.description.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')}${ending}`;
    const begin = comments.filter((comment) => comment.name === name).map(({ text }) => text.slice(0, expected.length));
    expect(begin).toContain(expected);
  });
});

test('docs/coming-from-python.md lists the accepted spellings', () => {
  const page = readFileSync(`${root}docs/coming-from-python.md`, 'utf8');
  const table: Readonly<Record<string, DocumentedOption>> = POOL_OPTIONS;
  const spelled = Object.entries(table).filter(([, { python }]) => python !== undefined);
  expect(spelled).toHaveLength(5);
  for (const [name, { python }] of spelled)
    expect(page).toContain(`| \`${python}\` | \`${name}\`; the Python spelling`);
});

/** Removes the options that a pool shares with a process, which are documented there. */
function omitShared(table: Readonly<Record<string, DocumentedOption>>): Record<string, DocumentedOption> {
  return Object.fromEntries(Object.entries(table).filter(([name]) => !shared.includes(name)));
}

/** The comments of the properties of interfaces, each on one line, without the units that tables have in another column. */
function readComments(file: string): { name: string; text: string }[] {
  const found = readFileSync(root + file, 'utf8').matchAll(
    /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s+(?:\/\/.*\s+)?(\w+)\??[:(]/g,
  );
  return Array.from(found, ([, comment = '', name = '']) => ({
    name,
    text: comment
      .replaceAll(/\n\s*\*/g, ' ')
      .replaceAll(/ in (milliseconds|bytes)\b/g, '')
      .replaceAll(/\s+/g, ' ')
      .trim(),
  }));
}
