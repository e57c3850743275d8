/**
 * The pages of docs/moving-from name every option and method of the package that a reader comes from, in the version that is
 * installed. test/docs.test.ts runs their programs.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import ts from 'typescript';
import { findProgram } from './support/find-program.ts';
import { blocksOf, pages } from './support/pages.ts';
import { root, run } from './support/run.ts';

const require = createRequire(import.meta.url);

const PEERS: Record<string, [file: string, declarations: string[]][]> = {
  piscina: [['dist/index.d.ts', ['Options', 'RunOptions', 'CloseOptions', 'Piscina']]],
  tinypool: [['dist/index.d.ts', ['Options', 'RunOptions', 'TinypoolChannel', 'Tinypool']]],
  workerpool: [
    ['types/types.d.ts', ['WorkerPoolOptions', 'ExecOptions', 'WorkerRegisterOptions']],
    ['types/Pool.d.ts', ['Pool']],
    ['types/Promise.d.ts', ['Promise']],
  ],
  poolifier: [
    [
      'lib/index.d.ts',
      [
        'PoolOptions',
        'TasksQueueOptions',
        'WorkerOptions',
        'WorkerChoiceStrategyOptions',
        'IPool',
        'TaskFunctionObject',
      ].concat(['AbstractWorker']),
    ],
  ],
  'jest-worker': [['build/index.d.ts', ['WorkerFarmOptions', 'Worker_2', 'TaskQueue', 'PoolExitResult']]],
  bullmq: [
    ['dist/esm/interfaces/worker-options.d.ts', ['WorkerOptions']],
    ['dist/esm/interfaces/sandboxed-options.d.ts', ['SandboxedOptions']],
    ['dist/esm/interfaces/sandboxed-job.d.ts', ['SandboxedJob']],
    ['dist/esm/interfaces/job-json.d.ts', ['JobJson']],
    ['dist/esm/types/job-json-sandbox.d.ts', ['JobJsonSandbox']],
    ['dist/esm/interfaces/queue-options.d.ts', ['QueueBaseOptions', 'KeyPrefixOptions']],
    ['dist/esm/interfaces/base-job-options.d.ts', ['DefaultJobOptions', 'BaseJobOptions']],
    ['dist/esm/types/job-options.d.ts', ['JobsOptions', 'BaseJobOptions']],
    ['dist/esm/classes/worker.d.ts', ['Worker']],
  ],
};

const readPage = (name: string) => readFileSync(`${root}docs/moving-from/${name}.md`, 'utf8');

/** The folder of an installed package. Not by its package.json, which its `exports` may hide. */
function folderOf(name: string): string {
  const folder = require.resolve.paths(name)?.map((path) => join(path, name));
  const found = folder?.find((path) => ts.sys.fileExists(join(path, 'package.json')));
  if (found === undefined) throw new Error(`${name} is not installed`);
  return found;
}

/** The names of the public members that a file declares for these types. */
function membersOf(file: string, declarations: string[]): string[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  const names = new Set<string>();
  const found = new Set<string>();
  const add = (members: readonly ts.Node[]) => {
    for (const member of members as readonly ts.NamedDeclaration[]) {
      const hidden = ts.getCombinedModifierFlags(member) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected);
      if (!hidden && member.name && ts.isIdentifier(member.name)) names.add(member.name.text);
    }
  };
  const addType = (type: ts.Node) => {
    if (ts.isTypeLiteralNode(type)) add(type.members);
    if (ts.isIntersectionTypeNode(type)) type.types.forEach(addType);
  };
  const visit = (node: ts.Node) => {
    const name = (node as ts.NamedDeclaration).name;
    if (name && ts.isIdentifier(name) && declarations.includes(name.text)) {
      if (ts.isClassDeclaration(node) || ts.isInterfaceDeclaration(node)) add(node.members);
      if (ts.isTypeAliasDeclaration(node)) addType(node.type);
      if (ts.isClassDeclaration(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node))
        found.add(name.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  // A renamed type must not empty the list.
  expect(found.size).toBeGreaterThan(0);
  return [...names].filter((name) => !name.startsWith('_'));
}

/** The words in the code spans of a page's tables. */
function namesOf(page: string): Set<string> {
  const rows = page.split('\n').filter((line) => line.startsWith('|'));
  const spans = rows.flatMap((row) => [...row.matchAll(/`([^`]+)`/g)].map(([, span = '']) => span));
  return new Set(spans.flatMap((span) => span.match(/\w+/g) ?? []));
}

describe.each(Object.entries(PEERS))('the page about %s', (name, files) => {
  const folder = folderOf(name);
  const page = readPage(name);

  test('names the installed version', () => {
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    expect(page).toMatch(new RegExp(`^Compared with \\S+ ${version}[., ]`, 'm'));
  });

  test.each(files)('names all of %s', (file, declarations) => {
    const known = namesOf(page);
    expect(membersOf(join(folder, file), declarations).filter((member) => !known.has(member))).toEqual([]);
  });
});

test("the page about Python's multiprocessing names all of it", async () => {
  const script = `
import inspect, multiprocessing, multiprocessing.pool as pool
public = lambda a_class: [name for name in dir(a_class) if not name.startswith("_")]
parameters = lambda function: list(inspect.signature(function).parameters)
names = multiprocessing.__all__ + public(pool.Pool) + public(pool.AsyncResult) + public(pool.IMapIterator)
names += public(multiprocessing.Process) + parameters(pool.Pool) + parameters(multiprocessing.Process)
for method in public(pool.Pool): names += parameters(getattr(pool.Pool, method))
print(" ".join(set(names) - {"self", "ctx", "kwds"}))`;
  const { code, stdout } = await run(findProgram('python3', 'python3'), ['-c', script]);
  expect(code).toBe(0);
  const known = namesOf(readPage('python-multiprocessing'));
  expect(
    stdout
      .trim()
      .split(' ')
      .filter((name) => !known.has(name)),
  ).toEqual([]);
});

describe('programs before and after', () => {
  const moving = pages().filter(({ name }) => name.startsWith('docs/moving-from/'));

  test.each(moving.map(({ name, text }) => [name, blocksOf(name, text)] as const))('%s has both', (_name, blocks) => {
    const output = (stem: string) => blocks.find(({ file }) => file.startsWith(`${stem}.`))?.output;
    const script = blocks.find(({ language }) => language === 'sh')?.text;
    if (script === undefined) expect(output('before')).toEqual(expect.any(String));
    else expect(script).toMatch(/node before[\s\S]*node after/);
    // Python writes its lists without the spaces of Node.js.
    const unspaced = (text?: string) => text?.replaceAll(/\[ | \]/g, (bracket) => bracket.trim());
    expect(unspaced(output('after'))).toBe(unspaced(output('before')));
  });
});
