import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { node, type Run, root, run } from './support/run.ts';

const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { version: string };
const command = `${root}dist/bin/aiomultiprocess.js`;

/** Prints the file names of all imported modules. */
const LIST_MODULES = `
  import { register } from 'node:module';
  const hooks = "import { writeSync } from 'node:fs';" +
    "export async function load(url, context, next) {" +
    "  if (url.startsWith('file:')) writeSync(2, url.split('/').at(-1) + '\\\\n');" +
    "  return next(url, context);" +
    "}";
  register('data:text/javascript,' + encodeURIComponent(hooks));`;

/** The paths in the published package. Without scripts, because `prepare` would rebuild the files that other tests use. */
async function packedFiles(): Promise<string[]> {
  const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts']);
  const [packed] = JSON.parse(stdout) as [{ files: { path: string }[] }];
  return packed.files.map(({ path }) => path);
}

describe('the published files', () => {
  let files: string[];
  beforeAll(async () => {
    files = await packedFiles();
  });

  test.each([
    'package.json',
    'README.md',
    'LICENSE',
    'CHANGELOG.md',
    'dist/lib/index.js',
    'dist/lib/index.d.ts',
    'dist/lib/metrics.js',
    'dist/lib/metrics.d.ts',
    'dist/lib/dashboard.js',
    'dist/dashboard/index.html',
    'dist/dashboard/page.js',
    'dist/dashboard/page.css',
    'dist/lib/child/main.cjs',
    'dist/lib/manager/server/main.cjs',
    'dist/LICENSES',
    'dist/bin/aiomultiprocess.js',
  ])('include %s', (file) => {
    expect(files).toContain(file);
  });

  test('are only the build, the manifest and three documents', () => {
    const others = files.filter(
      (file) =>
        !/^dist\/lib\/.*\.(c?js|d\.c?ts)$|^dist\/bin\/[\w-]+\.js$|^dist\/dashboard\/(index\.html|icon\.svg|page\.(css|js))$|^dist\/LICENSES$/.test(
          file,
        ),
    );
    expect(others.sort()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json']);
  });

  test('include no module and no declaration that nothing leads to', () => {
    const reached = new Set(['package.json']);
    // A set that grows is iterated to its end.
    for (const file of reached) {
      const text = readFileSync(root + file, 'utf8');
      for (const [, path = ''] of text.matchAll(/["']((?:\.\.?|dist)\/[\w./-]+)["']/g)) {
        const target = join(dirname(file), path);
        // Declarations import each other by the names of the modules that they describe.
        const found = /\.d\.c?ts$/.test(file) ? target.replace(/\.(c?)js$/, '.d.$1ts') : target;
        if (files.includes(found)) reached.add(found);
      }
    }
    const code = files.filter((file) => /^dist\/(lib|bin)\//.test(file));
    expect(code.filter((file) => !reached.has(file))).toEqual([]);
  });
});

describe('the packed package, installed into an empty folder without a network', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'an empty földer '));
    await writeFile(join(folder, 'package.json'), '{ "private": true }');
    await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder]);
    const file = `./aiomultiprocess-${manifest.version}.tgz`;
    // Of a file, npm would run `prepare`, which is for the repository.
    const args = ['install', '--offline', '--ignore-scripts', '--no-audit', file];
    expect(await run('npm', args, { cwd: folder })).toMatchObject({ code: 0, stderr: '' });
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function runFile(name: string, text: string): Promise<Run> {
    await writeFile(join(folder, name), text);
    return node(['--no-warnings', name], { cwd: folder });
  }

  test('is the only package there', async () => {
    const names = await readdir(join(folder, 'node_modules'));
    expect(names.filter((name) => !name.startsWith('.'))).toEqual(['aiomultiprocess']);
  });

  test('runs an ES module', async () => {
    const program = `
      import { isMainProcess, Pool } from 'aiomultiprocess';
      export const double = async (value) => value * 2;
      if (isMainProcess) console.log(await Pool.using({ processes: 1 }, (pool) => pool.map(double, [1, 2])));`;
    expect(await runFile('program.mjs', program)).toEqual({ code: 0, stdout: '[ 2, 4 ]\n', stderr: '' });
  });

  test('runs a CommonJS module', async () => {
    const program = `
      const { isMainProcess, Pool } = require('aiomultiprocess');
      exports.double = async (value) => value * 2;
      if (isMainProcess) Pool.using({ processes: 1 }, (pool) => pool.map(exports.double, [1, 2])).then(console.log);`;
    expect(await runFile('program.cjs', program)).toEqual({ code: 0, stdout: '[ 2, 4 ]\n', stderr: '' });
  });

  test('runs its command', async () => {
    await writeFile(join(folder, 'tasks.mjs'), 'export const double = async (value) => value * 2;');
    await writeFile(join(folder, 'input.ndjson'), '1\n2\n');
    const args = ['map', './tasks.mjs#double', '--format', 'ndjson', '--input', 'input.ndjson'];
    const { code, stdout } = await run(join(folder, 'node_modules/.bin/aiomultiprocess'), args, { cwd: folder });
    expect({ code, stdout }).toEqual({ code: 0, stdout: '2\n4\n' });
  });
});

describe('the packed package, beside optional packages that are too old', () => {
  const tooOld = ['bullmq', 'ioredis', 'koffi', 'pg', 'prom-client'];
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'old-packages-'));
    const dependencies = Object.fromEntries(tooOld.map((name) => [name, `file:./${name}`]));
    await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies }));
    for (const name of tooOld) {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, 'package.json'), JSON.stringify({ name, version: '0.5.0', main: 'index.js' }));
      await writeFile(join(folder, name, 'index.js'), "exports.version = '0.5.0';");
    }
    await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder]);
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('is installed without a conflict', async () => {
    const file = `./aiomultiprocess-${manifest.version}.tgz`;
    const args = ['install', '--offline', '--ignore-scripts', '--no-audit', file];
    expect(await run('npm', args, { cwd: folder })).toMatchObject({ code: 0, stderr: '' });
  });

  test('names the version that a distributed pool needs', async () => {
    const program = `
      import { DistributedPool } from 'aiomultiprocess/distributed';
      const pool = new DistributedPool({ queue: 'q', connection: 'redis://127.0.0.1:1' });
      await pool.ready().catch(({ name, message }) => console.log(name + ': ' + message));
      await pool.terminate();`;
    const { stdout } = await node(['--input-type=module', '-e', program], { cwd: folder });
    expect(stdout).toBe(
      'MissingPackageError: aiomultiprocess/distributed needs the package bullmq, ' +
        'of version 6.7.0 or later, and 0.5.0 is installed: npm install bullmq@latest\n',
    );
  });
});

describe('importing the package by name', () => {
  test('works in an ES module', async () => {
    const result = await node([`${root}test/fixtures/package/import.mjs`]);
    expect(result).toEqual({ code: 0, stdout: 'function function function\n', stderr: '' });
  });

  test('works in CommonJS with require()', async () => {
    const { code, stdout } = await node([`${root}test/fixtures/package/require.cjs`]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'function function function\n' });
  });

  test('loads the same file in Jest as in programs', async () => {
    const { Pool } = await import('aiomultiprocess');
    const built = await import('../dist/lib/index.js');
    expect(built.Pool).toBe(Pool);
  });

  test('allows the manifest, and refuses internal files', async () => {
    const program = `
      const codeOf = (name) => import.meta.resolve(name) && 'found';
      const attempt = (name) => { try { return codeOf(name); } catch (error) { return error.code; } };
      console.log(attempt('aiomultiprocess/package.json'), attempt('aiomultiprocess/dist/lib/index.js'));`;
    const { stdout } = await node(['--input-type=module', '-e', program]);
    expect(stdout).toBe('found ERR_PACKAGE_PATH_NOT_EXPORTED\n');
  });
});

describe('on a version of Node.js', () => {
  /** Imports the package in a Node.js that reports this version. */
  function importOn(version: string): Promise<Run> {
    const versions = `Object.defineProperty(process.versions, 'node', { value: '${version}' })`;
    const program = `${versions}; await import('aiomultiprocess').catch((error) => console.log(error.message))`;
    return node(['--input-type=module', '-e', program]);
  }

  test.each(['18.20.8', '20.18.3', '21.7.3', '22.11.0'])(
    '%s, which is not supported, the package throws an error that names the supported versions',
    async (version) => {
      const message = `aiomultiprocess requires Node.js ^20.19.0 || >=22.12.0; this is ${process.version}\n`;
      expect(await importOn(version)).toEqual({ code: 0, stdout: message, stderr: '' });
    },
  );

  test.each(['20.19.0', '22.12.0', '23.0.0', '30.0.0'])(
    '%s, which is supported, the package loads',
    async (version) => {
      expect(await importOn(version)).toEqual({ code: 0, stdout: '', stderr: '' });
    },
  );
});

describe('the command', () => {
  test('--version prints the version', async () => {
    expect(await node([command, '--version'])).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: '' });
  });

  test('--help prints the usage', async () => {
    const result = await node([command, '--help']);
    expect(result).toEqual({ code: 0, stdout: expect.stringMatching(/^Usage: aiomultiprocess /), stderr: '' });
  });

  test.each([[['map', '--help']], [['help', 'map']]])(
    '%j prints the usage of the command, with examples',
    async (args) => {
      const { code, stdout } = await node([command, ...args]);
      expect(stdout).toMatch(/^Usage: aiomultiprocess map \[options\] <function>\n/);
      expect(stdout).toMatch('$ aiomultiprocess map ./tasks.ts#fetchStatus < urls.txt > results.ndjson');
      expect(code).toBe(0);
    },
  );

  test.each([
    [[], /^Usage: aiomultiprocess /],
    [['--verison'], /^error: unknown option '--verison'\n\(Did you mean --version\?\)/],
    [['mop'], /^error: unknown command 'mop'\n\(Did you mean map\?\)/],
  ])('%j is a usage error', async (args, message) => {
    const { code, stdout, stderr } = await node([command, ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });

  test('loads the code of a command only for that command', async () => {
    const hook = `data:text/javascript,${encodeURIComponent(LIST_MODULES)}`;
    const { stderr } = await node(['--disable-warning=DEP0205', '--import', hook, command, '--help']);
    const loaded = stderr.trim().split('\n');
    expect(loaded).toContain('aiomultiprocess.js');
    expect(loaded.filter((name) => !/^(aiomultiprocess|chunk-\w+)\.js$/.test(name))).toEqual([]);
  });
});

test('.ci/run runs the test command of the README', () => {
  const readme = readFileSync(`${root}README.md`, 'utf8');
  const command = [...readme.matchAll(/^```sh\n(.+)\n```$/gm)].at(-1)?.[1];
  expect(command).toBe('npm ci && npm test');
  expect(readFileSync(`${root}.ci/run`, 'utf8').trimEnd().split('\n').at(-1)).toBe(command);
});
