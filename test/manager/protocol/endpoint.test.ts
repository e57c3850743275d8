import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withFolder } from '../../support/folder.ts';
import { run } from '../../support/run.ts';

const program = fileURLToPath(new URL('../../fixtures/pool/programs/manager-without-folder.mjs', import.meta.url));
const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux('new processes can connect after the folder for temporary files was cleaned', () =>
  withFolder(async (root) => {
    const folder = join(root, 'tmp');
    await mkdir(folder);
    const { code, stdout, stderr } = await run('env', [`TMPDIR=${folder}`, process.execPath, program]);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '2\n2\n', stderr: '' });
  }),
);

test('on Linux a manager works without a folder for temporary files; elsewhere the error says how to set one', async () => {
  const { stdout, stderr } = await run('env', ['TMPDIR=/no/such/folder', process.execPath, program]);
  if (process.platform === 'linux') expect(stdout).toBe('2\n2\n');
  else expect(stderr).toMatch(/set TMPDIR/);
});
