import { runProgram } from '../support/program.ts';

const known = (flag: string) => process.allowedNodeEnvironmentFlags.has(flag);
/** Node.js does not warn about these flags in children. */
const model = [
  known('--permission') ? '--permission' : '--experimental-permission',
  '--allow-fs-read=*',
  '--no-warnings',
];
const processes = ['--allow-child-process', '--allow-net'].filter(known);
const inspector = ['--allow-inspector'].filter(known);

test.each(processes)('without %s the error names that flag', async (missing) => {
  const others = processes.filter((flag) => flag !== missing);
  const result = await runProgram('permitted.mjs', [], [...model, ...inspector, ...others]);
  expect(result).toEqual({
    code: 0,
    stdout: `BootstrapError: a Pool needs permissions that this program lacks: run node with ${missing}, next to --permission\n`,
    stderr: '',
  });
});

test('without the inspector the error names task() and, if this version has it, the flag', async () => {
  const { code, stdout } = await runProgram('permitted.mjs', [], [...model, ...processes]);
  expect(code).toBe(0);
  const flags = inspector.map((flag) => `run node with ${flag}, or `).join('');
  expect(stdout).toMatch(`inspector; ${flags}name its module with task(import.meta.url, fn)\n`);
});

test('with the flags a marked function runs, and every function if the inspector is allowed', async () => {
  expect(await runProgram('permitted.mjs', ['marked'], [...model, ...processes])).toMatchObject({
    stdout: '[ 3, 6 ]\n',
  });
  const flags = [...model, ...processes, ...inspector];
  if (inspector.length > 0)
    expect(await runProgram('permitted.mjs', [], flags)).toMatchObject({ stdout: '[ 3, 6 ]\n' });
});

test('under --frozen-intrinsics the error names that flag', async () => {
  const { code, stderr } = await runProgram('guarded.mjs', [], ['--frozen-intrinsics']);
  expect(stderr).toMatch(
    /BootstrapError: a Pool cannot start processes under --frozen-intrinsics; run node without this flag/,
  );
  expect(code).toBe(1);
});
