import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Manager, Pool, Worker } from 'aiomultiprocess';
import { double } from '../fixtures/pool/tasks.js';
import { linesOf, withFolder } from '../support/folder.ts';
import { run } from '../support/run.ts';

const program = fileURLToPath(new URL('../fixtures/pool/programs/contained.mjs', import.meta.url));

test('an executable that runs its own program instead of the child does not start processes without end', () =>
  withFolder(async (folder) => {
    const executable = join(folder, 'program');
    const log = join(folder, 'log');
    await writeFile(
      executable,
      `#!/bin/sh\nTEST_LOG=${log} TEST_EXECUTABLE=${executable} exec ${process.execPath} ${program}\n`,
    );
    await chmod(executable, 0o755);
    const { code, stdout, stderr } = await run(executable, []);
    expect(stderr).toMatch(/BootstrapError: a Pool was created in a child process .*"execPath"/);
    expect(stderr).toMatch(/InitializerError/);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    // The program, and three attempts to start its child.
    expect(await linesOf(log)).toHaveLength(4);
  }));

test.each([
  ['Electron', 'Object.defineProperty(process.versions, "electron", { value: "30.0.0" });'],
  ['an executable made by pkg', 'process.pkg = {};'],
])('%s is refused before the first process, unless execPath is set', (host, setUp) =>
  withFolder(async (folder) => {
    const preload = join(folder, 'host.cjs');
    const log = join(folder, 'log');
    await writeFile(preload, setUp);
    const start = (executable: string) =>
      run('env', [
        `TEST_LOG=${log}`,
        ...(executable === '' ? [] : [`TEST_EXECUTABLE=${executable}`]),
        process.execPath,
        '--require',
        preload,
        program,
      ]);
    const refused = await start('');
    expect(refused.stderr).toContain(`BootstrapError: a Pool cannot be created in ${host}`);
    expect(await linesOf(log)).toHaveLength(1);
    expect(await start(process.execPath)).toMatchObject({ code: 0, stdout: '[2,4]\n' });
  }),
);

test('processes, pools and managers run the Node.js at execPath, or reject if it does not exist', async () => {
  const execPath = process.execPath;
  expect(await new Worker({ target: double, args: [2], execPath })).toBe(4);
  expect(await Pool.using({ processes: 1, execPath }, (pool) => pool.apply(double, [3]))).toBe(6);
  await Manager.using({ execPath }, async (manager) => expect(await manager.list([1]).size()).toBe(1));
  const missing = Pool.using({ processes: 1, execPath: '/no/node' }, (pool) => pool.ready());
  await expect(missing).rejects.toMatchObject({ cause: { message: 'execPath: the file /no/node does not exist' } });
});
