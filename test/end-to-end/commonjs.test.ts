import { cp, mkdir, mkdtemp, readFile, realpath, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as imported from 'aiomultiprocess';
import { node, root } from '../support/run.ts';

const load = createRequire(import.meta.url);
const required: typeof imported = load(`${root}dist/lib/index.cjs`);

test.each([
  ['ES modules', imported],
  ['CommonJS', required],
])('each public class of the %s form is the class of its instances', async (_form, form) => {
  const { InvalidStateError, Manager, Pool, PoolClosedError, PoolResult, PoolTerminatedError, TaskNotFoundError } =
    form;
  const pool = new Pool({ processes: 1 });
  const { double } = form.tasksFrom<{ double(n: number): number }>(`${root}test/fixtures/commonjs/tasks.js`);
  const pending = pool.map(double, [1]);
  expect(pool).toBeInstanceOf(Pool);
  expect(pending).toBeInstanceOf(PoolResult);
  await expect(pool.join()).rejects.toBeInstanceOf(InvalidStateError);
  await expect(pool.apply(() => 1)).rejects.toBeInstanceOf(TaskNotFoundError);
  pool.terminate();
  await expect(pending).rejects.toBeInstanceOf(PoolTerminatedError);
  await expect(pool.apply(double, [1])).rejects.toBeInstanceOf(PoolClosedError);
  await pool.join();
  const worker = new form.Worker({ target: double, args: [2] });
  expect(worker).toBeInstanceOf(form.Process);
  expect(await worker).toBe(4);
  expect(new form.RoundRobin()).toBeInstanceOf(form.Scheduler);
  expect(
    new form.PoisonousTaskError('a task', 3, { exitCode: 1, signal: null, pid: 1, mayHaveStarted: true }),
  ).toBeInstanceOf(form.ProcessExitError);
  await using manager = new Manager();
  expect(manager).toBeInstanceOf(Manager);
});

test.each([
  ['ES modules', imported, required],
  ['CommonJS', required, imported],
])('an error of the %s form is an instance of the classes of the other', (_form, form, other) => {
  const exit = { exitCode: 1, signal: null, pid: 1, mayHaveStarted: true };
  const late = new form.TimeoutError('late');
  const poisonous = new form.PoisonousTaskError('a task', 3, exit);
  expect(late).toBeInstanceOf(other.AiomultiprocessError);
  expect(late).toBeInstanceOf(other.TimeoutError);
  expect(late).not.toBeInstanceOf(other.ProcessExitError);
  expect(poisonous).toBeInstanceOf(other.ProcessExitError);
  expect(poisonous).toBeInstanceOf(other.PoisonousTaskError);
  expect(new form.ProcessExitError('a task', exit)).not.toBeInstanceOf(other.PoisonousTaskError);
  expect(late.code).toBe(new other.TimeoutError('late').code);
});

test('the forms export the same names', () => {
  expect(Object.keys(required).sort()).toEqual(Object.keys(imported).sort());
});

test('the CommonJS form has no import(), which Jest gives only to ES modules', async () => {
  expect(await readFile(`${root}dist/lib/commonjs.cjs`, 'utf8')).not.toMatch(/(?<![\w.])import\(/);
});

test('Node.js has one copy for import and require', async () => {
  const program = `import { Pool } from 'aiomultiprocess'; import { createRequire } from 'node:module';
    console.log(createRequire('${root}x.js')('aiomultiprocess').Pool === Pool);`;
  expect(await node(['--input-type=module', '-e', program])).toMatchObject({ code: 0, stdout: 'true\n' });
});

test('Jest in CommonJS mode requires every entry point', async () => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'commonjs-test-')));
  try {
    await cp(`${root}test/fixtures/commonjs`, folder, { recursive: true });
    await mkdir(join(folder, 'node_modules'));
    for (const name of ['prom-client'])
      await symlink(`${root}node_modules/${name}`, join(folder, 'node_modules', name));
    await symlink(root, join(folder, 'node_modules/aiomultiprocess'));
    const { code, stderr } = await node([`${root}node_modules/jest/bin/jest.js`], { cwd: folder });
    expect(stderr).toMatch(/Tests: +2 passed/);
    expect(code).toBe(0);
  } finally {
    await rm(folder, { recursive: true });
  }
});
