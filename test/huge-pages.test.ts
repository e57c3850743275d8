import { writeFile } from 'node:fs/promises';
import { areHugePagesReturned, forgetHugePages, requestHugePages } from '../dist/lib/huge-pages.js';
import { Worker } from '../dist/lib/index.js';
import { readTunables } from './fixtures/pool/tasks.js';
import { withFile } from './support/folder.ts';

const onLinux = process.platform === 'linux' ? test : test.skip;

const run = async (env: NodeJS.ProcessEnv = {}) => new Worker({ target: readTunables, env });

onLinux('a child starts with huge pages where they stay, and what it starts does not', async () => {
  const { started, now } = await run();
  if (areHugePagesReturned()) expect(started).toBeUndefined();
  else expect(started).toMatch(/^GLIBC_TUNABLES=glibc\.malloc\.hugetlb=/);
  expect(now).toBeUndefined();
});

test.each([
  ['9\n', true],
  ['4294967295\n', false],
])('a guest that gives back blocks of order %j has returned huge pages: %j', (order, expected) =>
  withFile(async (file) => {
    await writeFile(file, order);
    expect(areHugePagesReturned(file)).toBe(expected);
  }),
);

test('a kernel that does not say so returns none', () => {
  expect(areHugePagesReturned('/nowhere')).toBe(false);
});

test.each(['glibc.malloc.hugetlb=0', 'glibc.malloc.hugetlb=1', ''])('the user said %j already', async (tunables) => {
  expect((await run({ GLIBC_TUNABLES: tunables })).now).toBe(tunables);
});

test('nothing is asked for where the environment of this process says something', () => {
  expect(requestHugePages({ GLIBC_TUNABLES: 'glibc.malloc.check=3' })).toEqual({});
});

test('only what was asked for is forgotten', () => {
  const asked = { ...requestHugePages({}), OTHER: '1' };
  forgetHugePages(asked);
  expect(asked).toEqual({ OTHER: '1' });
});
