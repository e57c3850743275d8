// Runs scripts of package.json at the same time, and shows of each what it prints when it ends: npm itself runs them one by
// one, and most of them use one core. Ends with 1 if one of them fails, when all have ended.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** @param {string} script */
async function run(script) {
  const child = spawn(`npm run ${script}`, { shell: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const printed = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => printed.push(bytes));
  const [code] = await once(child, 'close');
  process.stdout.write(Buffer.concat(printed));
  if (code !== 0) process.exitCode = 1;
}

await Promise.all(process.argv.slice(2).map(run));
