import { writeFile } from 'node:fs/promises';
import { Worker } from '../../dist/lib/index.js';
import {
  areHugePagesReturned,
  forgetMallocSettings,
  requestMallocSettings,
} from '../../dist/lib/process/malloc-settings.js';
import { readTunables } from '../fixtures/pool/tasks.js';
import { withFile } from '../support/folder.ts';

const onLinux = process.platform === 'linux' ? test : test.skip;

const run = async (env: NodeJS.ProcessEnv = {}) => new Worker({ target: readTunables, env });

onLinux('a child keeps freed memory, has huge pages where they stay, and passes neither on', async () => {
  const { started, now } = await run();
  // Some versions of the C library end each setting that they read with a NUL.
  expect(started).toMatch(/^GLIBC_TUNABLES=glibc\.malloc\.mmap_max=0x0/);
  expect(/hugetlb=/.test(requestMallocSettings({}).GLIBC_TUNABLES ?? '')).toBe(!areHugePagesReturned());
  expect(now).toBeUndefined();
});

test.each([
  ['9\n', true],
  ['4294967295\n', false],
])('a virtual machine that returns blocks of order %j returns huge pages: %j', (order, expected) =>
  withFile(async (file) => {
    await writeFile(file, order);
    expect(areHugePagesReturned(file)).toBe(expected);
  }),
);

test('a kernel without this feature returns none', () => {
  expect(areHugePagesReturned('/nowhere')).toBe(false);
});

test.each(['glibc.malloc.hugetlb=0', 'glibc.malloc.hugetlb=1', ''])(
  'a setting %j of the user is kept',
  async (tunables) => {
    expect((await run({ GLIBC_TUNABLES: tunables })).now).toBe(tunables);
  },
);

test('nothing is requested if the environment of this process has a setting', () => {
  expect(requestMallocSettings({ GLIBC_TUNABLES: 'glibc.malloc.check=3' })).toEqual({});
});

test('only the requested settings are removed', () => {
  const asked = { ...requestMallocSettings({}), OTHER: '1' };
  forgetMallocSettings(asked);
  expect(asked).toEqual({ OTHER: '1' });
});
