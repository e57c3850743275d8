// Kills `aiomultiprocess map --resume` at random moments until it is complete, and compares its output with that of an
// undisturbed run: npm run resume -- --rounds 100
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual, parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '20' }, items: { type: 'string', default: '20000' } },
});
const rounds = Number(values.rounds);
const items = Number(values.items);

const root = fileURLToPath(new URL('../../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'aiomultiprocess-resume-'));
const input = join(folder, 'input');

try {
  writeFileSync(input, Array.from({ length: items }, (_, index) => `${index}\n`).join(''));
  for (const order of [[], ['--unordered']]) console.log(JSON.stringify(await killRuns(order)));
} finally {
  rmSync(folder, { recursive: true });
}

async function killRuns(order) {
  const started = performance.now();
  const whole = start('whole', order);
  const [code] = await once(whole, 'exit');
  const time = performance.now() - started;
  const expected = read('whole', order);
  if (code !== 1 || expected.output.length + expected.errors.length !== items) throw new Error(`exit code ${code}`);
  const kills = [];
  for (let round = 0; round < rounds; round++) {
    const name = `${order[0] ?? 'ordered'}-${round}`;
    kills.push(await runToEnd(name, order, time));
    const { output, errors } = read(name, order);
    if (!isDeepStrictEqual(output, expected.output)) throw new Error(`round ${round}: different output: ${name}`);
    if (!isDeepStrictEqual(errors, expected.errors)) throw new Error(`round ${round}: different errors`);
  }
  return { order: order[0] ?? 'ordered', items, rounds, killed: kills.reduce((sum, each) => sum + each, 0) };
}

/** Restarts the command until one run is not killed. */
async function runToEnd(name, order, time) {
  for (let kills = 0; ; kills++) {
    const run = start(name, [...order, '--resume']);
    const exited = once(run, 'exit');
    // Later runs get enough time.
    const killer = setTimeout(Math.random() * time * (0.6 + kills / 10)).then(() => run.kill('SIGKILL'));
    const [code, signal] = await exited;
    await killer;
    if (signal === 'SIGKILL') continue;
    if (code !== 1) throw new Error(`exit code ${code}`);
    return kills;
  }
}

function start(name, args) {
  const files = ['--input', input, '--output', join(folder, name), '--error-file', join(folder, `${name}.errors`)];
  const map = ['map', `${root}test/fixtures/bin/tasks.js#wander`, '-p', '2', '--on-error', 'report', ...files, ...args];
  return spawn(process.execPath, [`${root}dist/bin/aiomultiprocess.js`, ...map], { stdio: 'ignore' });
}

/** Reads the results of a run, in the order of the items whatever the order of the output. */
function read(name, order) {
  const lines = (path) =>
    readFileSync(join(folder, path), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
  const output = lines(name);
  const errors = lines(`${name}.errors`).map(({ index, input, error }) => ({ index, input, message: error.message }));
  const byIndex = (left, right) => left.index - right.index;
  return order.length === 0 ? { output, errors } : { output: output.sort(byIndex), errors: errors.sort(byIndex) };
}
