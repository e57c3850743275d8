import { cp, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { addressOf } from '../../dist/lib/functions/address/address.js';
import byDefault, { given } from '../fixtures/functions/in-jest.ts';
import { type Received, receive, runNode, type Sent, send } from '../support/functions.ts';

const tsNodeEsm = ['--import', '../../../scripts/ts-node.js'];
const tsNodeCommonJs = ['-r', 'ts-node/register'];
/** For a child that does not strip types, as before Node.js 22.18. */
const noStripping = Reflect.get(process.features, 'typescript') ? ['--no-experimental-strip-types'] : [];

function resultsOf(received: Record<string, Received>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(received).map(([name, { result, at }]) => [name, at ?? result]));
}

describe.each([
  ['with the loader of its parent', tsNodeEsm],
  ['without a loader', noStripping],
])('a child %s', (_how, flags) => {
  test('runs functions of an ES module in TypeScript, and only the right ones', async () => {
    const received = await receive(await send('./typescript.mts', tsNodeEsm), flags);
    expect(resultsOf(received)).toEqual({ declared: 7, arrow: -1, made: 14, hidden: 'parent', shadow: 'child' });
    expect(received.hidden?.error?.message).toMatch('typescript.mts:16');
    expect(received.shadow?.error?.message).toMatch('typescript.mts:23');
  });
});

describe.each([
  ['with the loader of its parent', tsNodeCommonJs],
  ['without a loader', noStripping],
])('a child %s', (_how, flags) => {
  test('runs functions of a CommonJS module in TypeScript, and only the right ones', async () => {
    const received = await receive(await send('./commonjs/typescript.ts', tsNodeCommonJs), flags);
    expect(resultsOf(received)).toEqual({ declared: 7, arrow: -1, shadow: 'child', helper: 'child' });
    expect(received.helper?.error?.message).toMatch('typescript.ts:17');
  });
});

/** The functions of in-jest.ts as Jest compiled them, in the output format of send.mjs. */
function sendFromJest(): Record<string, Sent> {
  return Object.fromEntries(Object.entries({ ...given, byDefault }).map(([name, fn]) => [name, sendOne(fn)]));
}

function sendOne(fn: unknown): Sent {
  try {
    return { address: addressOf(fn) };
  } catch (error) {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }
}

test.each([
  ['the same compiler as Jest', {}],
  ['another compiler', { TS_NODE_PROJECT: 'tsc.json' }],
])('functions of a module that Jest compiled run in a child that has %s', async (_how, env) => {
  const received = await receive(sendFromJest(), [], { env });
  const expected = { declared: 7, arrow: -1, renamed: 12, byDefault: 'default 34' };
  expect(resultsOf(received)).toEqual({ ...expected, shadow: 'child', helper: 'child', closure: 'parent' });
  expect(received.shadow?.error?.message).toMatch('in-jest.ts:18');
});

describe.each([
  ['without a tsconfig.json', undefined],
  ['with one that says nothing to ts-node', { compilerOptions: { module: 'nodenext', target: 'es2022' } }],
])('a project %s', (_how, tsconfig) => {
  let folder = '';
  beforeAll(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'typescript-test-')));
    if (tsconfig !== undefined) await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig));
    for (const type of ['module', 'commonjs']) {
      await mkdir(join(folder, type));
      await writeFile(join(folder, type, 'package.json'), JSON.stringify({ type }));
      // A type error, which only a type checker reports.
      const text = 'enum Sign { Plus = 1 }\nexport const add = (a: number, b: number): string => Sign.Plus * (a + b);';
      await writeFile(join(folder, type, 'add.ts'), text);
    }
  });
  afterAll(() => rm(folder, { recursive: true }));

  function addIn(type: string): Record<string, Sent> {
    const module = pathToFileURL(join(folder, type, 'add.ts')).href;
    return { add: { address: { kind: 'handle', module, name: 'add' } } };
  }

  test.each(['module', 'commonjs'])('runs in a child, without a type check: %s', async (type) => {
    expect(await receive(addIn(type), noStripping, { cwd: folder })).toEqual({ add: { result: 7 } });
  });

  test.each(['module', 'commonjs'])(
    'without ts-node fails with an error that names the packages to install: %s',
    async (type) => {
      const alone = join(folder, 'alone', type);
      const program = join(alone, 'test/fixtures/functions/receive.mjs');
      await cp(fileURLToPath(new URL('../../dist/lib/', import.meta.url)), join(alone, 'dist/lib'), {
        recursive: true,
      });
      await cp(fileURLToPath(new URL('../fixtures/functions/receive.mjs', import.meta.url)), program);
      await writeFile(join(alone, 'package.json'), '{ "type": "module" }');
      const { add } = JSON.parse(
        await runNode([...noStripping, program], JSON.stringify(addIn(type)), { cwd: folder }),
      );
      expect(add.error.message).toMatch(/add.ts.*does not run TypeScript.*npm install --save-dev ts-node/);
      expect(add.error.message).toContain('--import tsx');
      expect(add.error.message).not.toContain('execArgv');
    },
  );
});
