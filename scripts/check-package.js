// Packs the package once, as published, compares its dependencies with what its files import, and checks it with publint and
// attw. Packs without scripts, because `prepare` would build a second time.
import { execSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';

/**
 * What a bundled package imports if the program happens to have it, and does not need. fdir filters by glob patterns with
 * picomatch; it lists files for tinyglobby, which has its own copy of picomatch and does not use that filter.
 */
const UNNEEDED = ['picomatch'];

const folder = mkdtempSync(join(tmpdir(), 'aiomultiprocess-'));
try {
  execSync(`npm pack --ignore-scripts --silent --pack-destination "${folder}"`, { stdio: ['ignore', 'ignore', 2] });
  const file = join(folder, readdirSync(folder)[0]);
  execSync(`tar -xzf "${file}" -C "${folder}"`);
  checkDependencies(join(folder, 'package'));
  execSync(`npx --no-install publint run "${file}" --strict`, { stdio: 'inherit' });
  execSync(`npx --no-install attw "${file}" --no-emoji`, { stdio: 'inherit' });
} catch (error) {
  // The tool has printed the problem; a stack of this script would only hide it.
  if (typeof error.status !== 'number') throw error;
  process.exitCode = error.status;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** What is bundled must not be installed a second time, and what is imported must be installed. */
function checkDependencies(root) {
  const { name, dependencies, peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const declared = Object.keys({ ...dependencies, ...peerDependencies });
  const imported = readImports(root);
  const known = [...declared, ...UNNEEDED, name];
  const problems = [
    ...[...imported].filter(([each]) => !known.includes(each)).map(([each, path]) => `${path} imports ${each}`),
    ...[...declared, ...UNNEEDED].filter((each) => !imported.has(each)).map((each) => `no file imports ${each}`),
  ];
  for (const problem of problems) console.error(`package.json does not agree with dist/: ${problem}`);
  if (problems.length > 0) process.exitCode = 1;
}

/** The packages that code and declarations import, each with a file that does. */
function readImports(root) {
  const imported = new Map();
  const files = readdirSync(root, { recursive: true }).filter((path) => /\.(c?js|d\.c?ts)$/.test(path));
  for (const path of files) {
    const source = ts.createSourceFile(path, readFileSync(join(root, path), 'utf8'), ts.ScriptTarget.Latest);
    const visit = (node) => {
      const specifier = readSpecifier(node, source);
      const name = /^(@[^/]+\/)?[^./][^/]*/.exec(specifier ?? '')?.[0];
      if (name !== undefined && !isBuiltin(specifier)) imported.set(name, path);
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return imported;
}

/** The module that a syntax node imports, in any of the ways there are; else `undefined`. */
function readSpecifier(node, source) {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier?.text;
  if (ts.isImportTypeNode(node)) return node.argument.literal.text;
  if (ts.isExternalModuleReference(node)) return node.expression.text;
  if (!ts.isCallExpression(node) || node.arguments.length === 0 || !ts.isStringLiteral(node.arguments[0])) return;
  const called = node.expression.getText(source);
  // `import()`, `require()`, `__require.resolve()`, `createRequire(import.meta.url)()`
  return /^(import|_*(require|createRequire)\d*(\.resolve|\([\w.]*\))?)$/.test(called)
    ? node.arguments[0].text
    : undefined;
}
