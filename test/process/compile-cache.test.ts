/** Children keep compiled code in a folder of the user. */
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import Module from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { transformSync } from 'esbuild';
import { withFolder } from '../support/folder.ts';
import { type Run, root, run } from '../support/run.ts';

const programs = join(root, 'test/fixtures/pool/programs');

/** What the task of the program returns. */
interface Seen {
  text: string;
  stack: string;
  folder: string | null;
  variable: string | null;
}

/** The oldest supported versions have no cache. The smoke test runs this file on the newest. */
const isSupported = 'enableCompileCache' in Module;
const withCache = isSupported ? describe : describe.skip;

/** Runs a program with these variables only, apart from those that every program needs. */
function runWith(env: Record<string, string>, args: string[], flags: string[] = []): Promise<Run> {
  const variables = Object.entries({ PATH: process.env.PATH ?? '', ...env }).map(([name, value]) => `${name}=${value}`);
  return run('env', ['-i', ...variables, process.execPath, ...flags, ...args]);
}

async function look(env: Record<string, string>, kind = 'pool', options: object = {}): Promise<Seen> {
  const result = await runWith(env, [join(programs, 'cached.mjs'), kind, JSON.stringify(options)]);
  expect(result).toMatchObject({ code: 0, stderr: '' });
  return JSON.parse(result.stdout);
}

/** The names of the modules whose code children took from the cache. */
async function listAccepted(env: Record<string, string>, kind: string): Promise<string[]> {
  const result = await runWith({ ...env, NODE_DEBUG_NATIVE: 'COMPILE_CACHE' }, [join(programs, 'cached.mjs'), kind]);
  expect(result.code).toBe(0);
  const matches = result.stderr.matchAll(/cache for (?:\w+ )?\S*?([\w.-]+) was accepted/g);
  return [...new Set(Array.from(matches, ([, name]) => name as string))].sort();
}

test('there is a folder for compiled code if this version of Node.js has a cache', () =>
  withFolder(async (folder) => {
    await look({ XDG_CACHE_HOME: folder });
    expect(readdirSync(folder)).toEqual(isSupported ? ['aiomultiprocess'] : []);
  }));

withCache('with a cache', () => {
  test.each([
    ['pool', ['cached-tasks.mjs', 'main.cjs']],
    ['worker', ['cached-tasks.mjs', 'main.cjs']],
    ['process', ['cached-tasks.mjs', 'main.cjs']],
    ['manager', ['main.cjs']],
    ['killed', ['cached-tasks.mjs', 'main.cjs']],
  ])('the second %s takes its code from the cache that the first has written', (kind, accepted) =>
    withFolder(async (folder) => {
      const env = { XDG_CACHE_HOME: folder };
      expect(await listAccepted(env, kind)).toEqual([]);
      expect(await listAccepted(env, kind)).toEqual(accepted);
      expect(statSync(join(folder, 'aiomultiprocess')).mode & 0o777).toBe(0o700);
    }),
  );

  test('code from the cache has the same text and positions', () =>
    withFolder(async (folder) => {
      const env = { XDG_CACHE_HOME: folder };
      const { text, stack } = await look(env, 'pool', { compileCache: false });
      expect(existsSync(join(folder, 'aiomultiprocess'))).toBe(false);
      expect(text).toMatch(/^async function look/);
      expect(stack).toMatch(/cached-tasks\.mjs:7:\d+/);
      expect(await look(env)).toMatchObject({ text, stack });
      expect(await look(env)).toMatchObject({ text, stack });
    }));

  test('code from the cache has its source map', () =>
    withFolder(async (folder) => {
      const source =
        'interface Unused {\n  a: 1;\n}\nexport const fail = (): string => new Error("here").stack ?? "";\n';
      const { code } = transformSync(source, { loader: 'ts', sourcemap: 'inline', sourcefile: 'tasks.ts' });
      writeFileSync(join(folder, 'tasks.mjs'), code);
      const script = join(folder, 'main.mjs');
      const library = new URL('../../dist/lib/index.js', import.meta.url).href;
      writeFileSync(
        script,
        `import { Pool } from '${library}';\nimport { fail } from './tasks.mjs';\n` +
          'console.log(await Pool.using({ processes: 1 }, (pool) => pool.apply(fail)));',
      );
      const stacks = [];
      for (const _time of [1, 2]) {
        const { stdout } = await runWith({ XDG_CACHE_HOME: folder }, [script], ['--enable-source-maps']);
        stacks.push(stdout);
      }
      expect(stacks[0]).toMatch(/tasks\.ts:4:\d+/);
      expect(stacks[1]).toBe(stacks[0]);
    }));

  test('tasks and the programs that they start do not see the variable that names the cache', () =>
    withFolder(async (folder) => {
      const { folder: used, variable } = await look({ XDG_CACHE_HOME: folder });
      expect(used).toContain(join(realpathSync(folder), 'aiomultiprocess'));
      expect(variable).toBeNull();
    }));

  test.each([
    ['the option compileCache', { compileCache: false }, {}],
    ['NODE_DISABLE_COMPILE_CACHE', {}, { NODE_DISABLE_COMPILE_CACHE: '1' }],
  ])('%s turns it off', (_what, options, env) =>
    withFolder(async (folder) => {
      expect((await look({ XDG_CACHE_HOME: folder, ...env }, 'pool', options)).folder).toBeNull();
      expect(readdirSync(folder)).toEqual([]);
    }),
  );

  test.each(['environment', 'option env'])('coverage that the %s asks for turns it off', (where) =>
    withFolder(async (folder) => {
      const coverage = { NODE_V8_COVERAGE: join(folder, 'coverage') };
      const seen =
        where === 'environment'
          ? await look({ XDG_CACHE_HOME: folder, ...coverage })
          : await look({ XDG_CACHE_HOME: folder }, 'pool', { env: coverage });
      expect(seen.folder).toBeNull();
      expect(readdirSync(folder)).toEqual(['coverage']);
    }),
  );

  test.each(['environment', 'option env', 'program'])('a cache of the %s is used instead', (where) =>
    withFolder(async (folder) => {
      const own = join(folder, 'own');
      const variable = { NODE_COMPILE_CACHE: own };
      const seen = await look(
        { XDG_CACHE_HOME: folder, ...(where === 'environment' && variable) },
        'pool',
        { environment: {}, 'option env': { env: variable }, program: { own } }[where],
      );
      expect(seen.folder).toMatch(/\/own\/v[^/]+$/);
      expect(seen.variable).toBe(where === 'program' ? null : own);
      expect(readdirSync(folder)).toEqual(['own']);
    }),
  );

  test('without XDG_CACHE_HOME it is in the home of the user', () =>
    withFolder(async (folder) => {
      const { folder: used } = await look({ HOME: folder });
      const caches = process.platform === 'darwin' ? 'Library/Caches' : '.cache';
      expect(used).toContain(join(realpathSync(folder), caches, 'aiomultiprocess'));
    }));

  test('a relative XDG_CACHE_HOME is ignored', () =>
    withFolder(async (folder) => {
      const { folder: used } = await look({ XDG_CACHE_HOME: 'caches', HOME: folder });
      expect(used).toContain(realpathSync(folder));
    }));

  test('a home that does not exist is not created', () =>
    withFolder(async (folder) => {
      expect((await look({ HOME: join(folder, 'home') })).folder).toBeNull();
      expect(readdirSync(folder)).toEqual([]);
    }));

  test('permissions of others are taken from its folder', () =>
    withFolder(async (folder) => {
      const cache = join(folder, 'aiomultiprocess');
      mkdirSync(cache, { mode: 0o755 });
      expect((await look({ XDG_CACHE_HOME: folder })).folder).not.toBeNull();
      expect(statSync(cache).mode & 0o777).toBe(0o700);
    }));

  test.each([
    ['itself', 'aiomultiprocess', 0o770],
    ['itself, although sticky', 'aiomultiprocess', 0o1777],
    ['around it', '.', 0o777],
  ])('a folder %s that others may change is not used', (_where, name, mode) =>
    withFolder(async (folder) => {
      mkdirSync(join(folder, 'aiomultiprocess'), { mode: 0o700 });
      chmodSync(join(folder, name), mode);
      expect((await look({ XDG_CACHE_HOME: folder })).folder).toBeNull();
      expect(readdirSync(join(folder, 'aiomultiprocess'))).toEqual([]);
    }),
  );

  test('a file in its place is not an error', () =>
    withFolder(async (folder) => {
      writeFileSync(join(folder, 'aiomultiprocess'), '');
      expect((await look({ XDG_CACHE_HOME: folder })).folder).toBeNull();
    }));

  const asRoot = process.geteuid?.() === 0 ? describe : describe.skip;

  asRoot('as root', () => {
    const nobody = 65_534;

    test.each([['aiomultiprocess'], ['.']])('the folder %s of another user is not used', (name) =>
      withFolder(async (folder) => {
        mkdirSync(join(folder, 'aiomultiprocess'), { mode: 0o700 });
        chownSync(join(folder, name), nobody, nobody);
        expect((await look({ XDG_CACHE_HOME: folder })).folder).toBeNull();
        expect(readdirSync(join(folder, 'aiomultiprocess'))).toEqual([]);
      }),
    );

    test('nothing is created in the home of another user', () =>
      withFolder(async (folder) => {
        chownSync(folder, nobody, nobody);
        expect((await look({ HOME: folder })).folder).toBeNull();
        expect(readdirSync(folder)).toEqual([]);
      }));
  });

  test('a folder without permission to write is not an error', () =>
    withFolder(async (folder) => {
      mkdirSync(join(folder, 'aiomultiprocess'), { mode: 0o500 });
      await look({ XDG_CACHE_HOME: folder });
    }));

  test('a program that may not write anywhere has no cache', () =>
    withFolder(async (folder) => {
      const flags = ['--allow-fs-read=*', '--allow-child-process', '--allow-net', '--allow-inspector'];
      const known = flags.filter((flag) => process.allowedNodeEnvironmentFlags.has(flag.split('=', 1)[0] as string));
      const model = process.allowedNodeEnvironmentFlags.has('--permission')
        ? '--permission'
        : '--experimental-permission';
      const args = [join(root, 'test/fixtures/pool/programs/permitted.mjs'), 'marked'];
      const result = await runWith({ XDG_CACHE_HOME: folder }, args, [model, ...known, '--no-warnings']);
      expect(result).toEqual({ code: 0, stdout: '[ 3, 6 ]\n', stderr: '' });
      expect(readdirSync(folder)).toEqual([]);
    }));
});

test('the tests do not use the cache of the user', () => {
  expect(process.env.XDG_CACHE_HOME).toContain(tmpdir());
});
