// Runs an example by name, in JavaScript or TypeScript: npm run example -- census [arguments]
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = new URL('../docs/examples/', import.meta.url);
const [name, ...rest] = process.argv.slice(2);
const file = ['.js', '.mjs', '.ts'].map((type) => new URL(name + type, folder)).find((url) => existsSync(url));
if (!file) {
  console.error(`there is no example "${name}" in docs/examples`);
  process.exit(2);
}
// Runs in a new process, so that the example is the main script, as for a user. The loader is named by its full URL,
// because the children of the example inherit it and may run in any folder.
const loader = file.pathname.endsWith('.ts') ? ['--import', new URL('ts-node.js', import.meta.url).href] : [];
const example = spawn(process.execPath, [...loader, fileURLToPath(file), ...rest], { stdio: 'inherit' });
example.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
