import { writeFile } from 'node:fs/promises';
import { withFile } from '../support/folder.ts';
import { node, root } from '../support/run.ts';

const program = `${root}test/fixtures/pool/programs/every-part.mjs`;
/** Children inherit them. */
const flags = ['--throw-deprecation', '--pending-deprecation'];

test('no part of the package uses what Node.js deprecates', async () => {
  expect(await node([...flags, program], { timeout: 80_000 })).toEqual({
    code: 0,
    stdout: 'ProcessExitError\n2 4 0 1 8 8 10 300000 6 14\n',
    stderr: '',
  });
}, 90_000);

test('nor does the command', async () => {
  await withFile(async (file) => {
    await writeFile(file, '1\n2\n');
    const command = [`${root}dist/bin/aiomultiprocess.js`, 'map', `${program}#double`, '--input', file];
    const result = await node([...flags, ...command]);
    expect(result).toEqual({ code: 0, stdout: '2\n4\n', stderr: '' });
  });
});
