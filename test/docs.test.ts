/**
 * Checks every fenced block of README.md and of the pages in docs/, so that all documented code works.
 *
 * ```js, ```ts        A whole program, as a reader would paste it into a file. It must type-check, and it runs
 *                     and must exit with code 0. (TypeScript runs with ts-node.)
 * ```js run           Only runs, without a type check: a program that calls another package in place of this one.
 * ```js check         Only type-checked: a fragment, or a program that needs something that tests do not have.
 * ```js file=a.js     The same under a name (.js, .mjs, .cjs, .ts ...). All blocks of one page are in one
 *                     folder, so that they can import each other: import { double } from './a.js'.
 * ```js example       A file of docs/examples, written by `npm run options`. test/examples/ runs it.
 * ```text             The complete output of the block before it. `…` stands for any characters within a
 *                     line, and for any lines when alone on a line.
 * ```sh               Commands. `npm run`, `npm install` and `node` must name scripts, packages and files that
 *                     exist; `aiomultiprocess` (also after npx) runs and must exit with code 0, unless it
 *                     connects to 10.0.0.5: then only its flags must exist; other commands need an entry in
 *                     the table below.
 * ```sh run           A shell script, run in the folder of its page. npx aiomultiprocess, and the command in
 *                     node_modules/.bin, run this package. The script must run it, or a program of its page, and exit
 *                     with code 0.
 * ```python run       A program for python3. It must exit with code 0.
 * ```python check     Only compiled: its packages are not here.
 * ```                 Without a language, and `json`, `yaml`, `ini`, `python`, `mermaid`: not code of this package, not checked here.
 *
 * A fragment that uses names from earlier on its page gets them from a hidden comment right before it; the
 * block is then TypeScript, whatever its language:
 *
 *     <!-- context
 *     import type { Pool } from 'aiomultiprocess';
 *     declare const pool: Pool;
 *     -->
 *
 * Ports of 127.0.0.1, such as `127.0.0.1:7395`, are replaced by free ones in all blocks of a page.
 *
 * In js blocks parameters need no types. Links to files of the repository, and to headings in them, must resolve.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { findProgram } from './support/find-program.ts';
import { type Block, blocksOf, pages } from './support/pages.ts';
import { node, type Run, root, run } from './support/run.ts';
import { findFreePort, findRedis } from './support/servers.ts';

const all = pages();
const blocks = all.flatMap((page) => page.blocks);
const programs = blocks.filter(({ language, isExample }) => (language === 'js' || language === 'ts') && !isExample);
const shells = blocks.filter(({ language }) => language === 'sh');
const pythons = blocks.filter(({ language, runs, checkOnly }) => language === 'python' && (runs || checkOnly));
const unchecked = new Set(['', 'json', 'yaml', 'ini', 'python', 'mermaid']);
const title = (block: Block) => `${block.page}:${block.line} (${block.language})`;

/** Inside the repository, where the name of the package resolves to the package itself. */
let folder: string;
/** The errors of the compiler, by file. */
let complaints: Map<string, string[]>;

const folderOf = (block: Block) => join(folder, block.page.replace(/\W/g, '-'));
const pathOf = (block: Block) => join(folderOf(block), block.file);

beforeAll(async () => {
  folder = mkdtempSync(join(root, '.docs-'));
  await replacePorts();
  for (const block of blocks) mkdirSync(folderOf(block), { recursive: true });
  for (const block of [...programs, ...pythons]) writeFileSync(pathOf(block), `${block.source}\n`);
  complaints = await typeCheck();
  findRedis();
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A port in a page may be in use on this machine, so its programs and scripts get a free one. */
async function replacePorts(): Promise<void> {
  for (const { blocks } of all) {
    const named = blocks.flatMap(({ text }) => [...text.matchAll(/127\.0\.0\.1:(\d+)/g)].map(([, port]) => port));
    for (const port of new Set(named)) {
      const free = String(await findFreePort());
      const replace = (text: string) => text.replace(new RegExp(`\\b${port}\\b`, 'g'), free);
      for (const block of blocks) Object.assign(block, { text: replace(block.text), source: replace(block.source) });
    }
  }
}

/** Compiles all programs of all pages at once: starting the compiler costs more than compiling them. */
async function typeCheck(): Promise<Map<string, string[]>> {
  const config = join(folder, 'check.json');
  writeFileSync(
    config,
    JSON.stringify({
      extends: join(root, 'tsconfig.test.json'),
      compilerOptions: { checkJs: true, moduleDetection: 'force', noUnusedLocals: false, noUnusedParameters: false },
      files: programs.map(pathOf),
      include: [],
    }),
  );
  const byFile = new Map<string, string[]>(programs.map((block) => [pathOf(block), []]));
  if (programs.length === 0) return byFile;
  const scripts = new Set(programs.filter(({ language }) => language === 'js').map(pathOf));
  const tsc = join(root, 'node_modules/typescript-native/bin/tsc');
  const { code, stdout } = await node([tsc, '-p', config, '--pretty', 'false'], { cwd: root, timeout: 50_000 });
  for (const line of stdout.split('\n')) {
    const [, file = '', error = ''] = /^(.+)\(\d+,\d+\): error (TS\d+)/.exec(line) ?? [];
    const known = byFile.get(join(root, file));
    // TS7005 to TS7053: an implicit `any`; TS18046: an `unknown`. JavaScript has no type annotations.
    if (known && !(scripts.has(join(root, file)) && /^TS(70\d\d|18046)$/.test(error))) known.push(line);
    // Further lines of an error are indented.
    if (!known && /^\S.*error/.test(line)) throw new Error(line);
  }
  if (code !== 0 && stdout === '') throw new Error('the compiler did not run');
  return byFile;
}

/** Compares the output of a program with its page. */
function expectOutput(printed: string, expected: string): void {
  const pattern = expected
    .trimEnd()
    .split('\n')
    .map((line) => (line.trim() === '…' ? '[\\s\\S]*?' : line.split('…').map(escaped).join('.*')));
  // Comparing the two texts shows the difference; the regular expression would not.
  if (!new RegExp(`^${pattern.join('\n')}$`).test(printed.trimEnd()))
    expect(printed.trimEnd()).toBe(expected.trimEnd());
}

const escaped = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');

function expectSuccess({ code, stdout, stderr }: Run): void {
  if (code !== 0) throw new Error(`exit code ${code}\n${stdout}${stderr}`);
}

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const packages = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.peerDependencies };

/** Checks a command of an sh block. Returns its output if it ran. */
const commands: Record<string, (args: string[], block: Block) => Promise<string | undefined> | undefined> = {
  npm([verb = '', ...names]) {
    if (verb === 'ci') return undefined;
    if (verb === 'install' || verb === 'i') {
      const wanted = names.filter((name) => !name.startsWith('-')).map((name) => name.replace(/(.)@.*$/, '$1'));
      expect([manifest.name, ...Object.keys(packages)]).toEqual(expect.arrayContaining(wanted));
      return undefined;
    }
    expect(Object.keys(manifest.scripts)).toContain(verb === 'run' ? names[0] : verb);
    return undefined;
  },
  npx([command = '', ...args], block) {
    return runCommand(command, args, block);
  },
  node(args, block) {
    const file = args.find((arg, index) => /\.[cm]?[jt]s$/.test(arg) && args[index - 1] !== '--import') ?? '';
    expect([folderOf(block), root].filter((base) => file && existsSync(join(base, file)))).not.toEqual([]);
    return undefined;
  },
  async aiomultiprocess(args, block) {
    // The datastore of the pages is on another machine.
    const isElsewhere = block.text.includes('redis://10.0.0.5');
    const run = isElsewhere ? [args[0] ?? '', '--help'] : args;
    const result = await node([join(root, manifest.bin.aiomultiprocess), ...run], { cwd: folderOf(block) });
    expectSuccess(result);
    if (isElsewhere) {
      const known = result.stdout.match(/(?<![\w-])--[\w-]+/g);
      expect(known).toEqual(expect.arrayContaining(args.filter((arg) => arg.startsWith('--'))));
      return undefined;
    }
    return result.stdout;
  },
};

/** Runs a whole block as a script, in which `npx` runs this build. */
async function runScript(block: Block): Promise<string> {
  const shims = join(folder, 'shims');
  mkdirSync(shims, { recursive: true });
  const program = `exec '${process.execPath}' '${join(root, manifest.bin.aiomultiprocess)}' "$@"\n`;
  writeFileSync(join(shims, 'npx'), `#!/bin/sh\nshift\n${program}`, { mode: 0o755 });
  const installed = join(folderOf(block), 'node_modules/.bin');
  mkdirSync(installed, { recursive: true });
  writeFileSync(join(installed, 'aiomultiprocess'), `#!/bin/sh\n${program}`, { mode: 0o755 });
  const script = `PATH='${shims}${delimiter}'$PATH\n${block.text}`;
  const result = await run('sh', ['-e', '-c', script], { cwd: folderOf(block), timeout: 80_000 });
  expectSuccess(result);
  return result.stdout;
}

function runCommand(command: string, args: string[], block: Block): Promise<string | undefined> | undefined {
  const check = commands[command];
  if (!check) throw new Error(`"${command}" is not a command that test/docs.test.ts knows how to check`);
  return check(args, block);
}

describe('programs', () => {
  test('the pages contain some', () => expect(programs.length).toBeGreaterThan(0));
  for (const block of programs) {
    test(`${title(block)} works`, async () => {
      expect(block.runs ? [] : complaints.get(pathOf(block))).toEqual([]);
      if (block.checkOnly) {
        // The output of a program that does not run would be unchecked.
        expect(block.output).toBeUndefined();
        return;
      }
      const loader = block.file.endsWith('ts')
        ? ['--import', new URL('../scripts/ts-node.js', import.meta.url).href]
        : [];
      const result = await node([...loader, pathOf(block)], { cwd: folderOf(block) });
      expectSuccess(result);
      if (block.output !== undefined) expectOutput(result.stdout, block.output);
    });
  }
});

describe('commands', () => {
  test('the pages contain some', () => expect(shells.length).toBeGreaterThan(0));
  for (const block of shells) {
    test(`${title(block)} works`, async () => {
      if (block.runs) {
        expect(block.text).toMatch(/(npx |node_modules\/\.bin\/)aiomultiprocess |^node [\w-]+\.mjs/m);
        return expectOutput(await runScript(block), block.output ?? '');
      }
      const lines = block.text.split(/\n|&&/).map((line) => line.replace(/#.*/, '').trim());
      let printed: string | undefined;
      for (const line of lines.filter(Boolean)) {
        const [command = '', ...args] = line
          .replace(/^([A-Z_]+=\S+ )*(exec )?(node_modules\/\.bin\/)?/, '')
          .split(/\s+/);
        printed = await runCommand(command, args, block);
      }
      if (block.output !== undefined && printed !== undefined) expectOutput(printed, block.output);
    }, 90_000);
  }
});

describe('programs in Python', () => {
  for (const block of pythons) {
    test(`${title(block)} works`, async () => {
      const compile = block.checkOnly ? ['-m', 'py_compile'] : [];
      const args = [...compile, pathOf(block)];
      const result = await run(findProgram('python3', 'python3'), args, { cwd: folderOf(block) });
      expectSuccess(result);
      if (block.output !== undefined) expectOutput(result.stdout, block.output);
    });
  }
});

describe('pages', () => {
  test.each(all.map((page) => [page.name, page] as const))('%s has only blocks of known languages', (_, page) => {
    const others = page.blocks.filter(
      ({ language }) => !['js', 'ts', 'sh'].includes(language) && !unchecked.has(language),
    );
    expect(others.map(title)).toEqual([]);
  });

  test.each(all.map((page) => [page.name, page] as const))('%s links to files and headings that exist', (_, page) => {
    const prose = withoutCode(page.text).replace(/`[^`\n]*`/g, '');
    const links = [...prose.matchAll(/\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?\)/g)];
    const broken = links.filter(([, target = '', anchor]) => {
      const path = target === '' ? page.name : join(dirname(page.name), target);
      if (!existsSync(join(root, path))) return true;
      return anchor !== undefined && !anchorsOf(readFileSync(join(root, path), 'utf8')).includes(anchor);
    });
    expect(broken.map(([link]) => link)).toEqual([]);
  });

  test.each(all.map((page) => [page.name, page] as const))('%s names source files that exist', (_, page) => {
    const paths = [...withoutCode(page.text).matchAll(/`((?:lib|bin|test|benchmarks|scripts)\/[^`\s]*)`/g)];
    const missing = paths.map(([, path = '']) => path).filter((path) => !existsSync(join(root, path)));
    expect(missing).toEqual([]);
  });
});

const withoutCode = (markdown: string) => markdown.replace(/^\s*```[\s\S]*?^\s*```$/gm, '');

/** The anchors that GitHub gives the headings of a page. */
function anchorsOf(markdown: string): string[] {
  const headings = withoutCode(markdown).match(/(?<=^#+ ).*$/gm) ?? [];
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

describe('the reader of pages', () => {
  const page = ['# T', '', '```js check', 'a', '```', '', '```text', 'out', '```', '', '<!-- context', 'b', '-->'];

  test('gives a block its output, and keeps the line numbers of the page', () => {
    const [block] = blocksOf('T.md', page.join('\n'));
    expect(block).toMatchObject({ line: 3, checkOnly: true, file: 'line-3.mjs', source: '\n\n\na', output: 'out' });
  });

  test('puts the context before the next block', () => {
    const [, block] = blocksOf('T.md', [...page, '```js file=c.ts', 'c', '```'].join('\n'));
    expect(block).toMatchObject({ file: 'c.ts', text: 'c', source: `${'\n'.repeat(11)}b\n\n\nc` });
  });

  test('refuses an unknown word', () => {
    expect(() => blocksOf('T.md', '```js no-run\n```')).toThrow('T.md:1: unknown word "no-run" after the fence');
  });
});

describe('expected output', () => {
  test('… stands for characters in a line, and for lines when alone', () => {
    expectOutput('took 12 ms\na\nb\nend\n', 'took … ms\n…\nend');
    expect(() => expectOutput('took 12 ms\nmore\n', 'took … ms')).toThrow();
    expect(() => expectOutput('1+1', '1.1')).toThrow();
  });
});
