import { writeFile } from 'node:fs/promises';
import { withFile } from '../support/folder.ts';
import { node, root } from '../support/run.ts';

const program = `${root}test/fixtures/pool/programs/every-part.mjs`;
/** Children inherit them. */
const flags = ['--throw-deprecation', '--pending-deprecation'];

test('the package uses no deprecated API of Node.js', async () => {
  expect(await node([...flags, program], { timeout: 80_000 })).toEqual({
    code: 0,
    stdout: 'ProcessExitError\n2 4 0 1 8 8 10 300000 6 14\n',
    stderr: '',
  });
}, 90_000);

test('the command uses no deprecated API of Node.js', async () => {
  await withFile(async (file) => {
    await writeFile(file, '1\n2\n');
    const command = [`${root}dist/bin/aiomultiprocess.js`, 'map', `${program}#double`, '--input', file];
    const result = await node([...flags, ...command]);
    expect(result).toEqual({ code: 0, stdout: '2\n4\n', stderr: '' });
  });
});
