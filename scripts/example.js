// Runs an example by its name, in whichever language it is written: npm run example -- census [arguments]
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
// A process of its own, so that the example is the main script, as it is for a user. The loader goes by its
// full URL: the example's children inherit it, wherever they run.
const loader = file.pathname.endsWith('.ts') ? ['--import', new URL('ts-node.js', import.meta.url).href] : [];
const example = spawn(process.execPath, [...loader, fileURLToPath(file), ...rest], { stdio: 'inherit' });
example.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
