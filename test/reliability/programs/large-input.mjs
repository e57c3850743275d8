// Sends many lines through `aiomultiprocess map` and measures its memory: npm run large-input -- --megabytes 10240
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { megabytes: { type: 'string', default: '1024' }, bound: { type: 'string', default: '300' } },
});
const megabytes = Number(values.megabytes);
/** The limit for the resident memory of the command, without its children, in MB. */
const bound = Number(values.bound);

const root = fileURLToPath(new URL('../../../', import.meta.url));
const args = [`${root}dist/bin/aiomultiprocess.js`, 'map', `${root}test/fixtures/bin/tasks.js#echo`];
const LINE = 'a line of one hundred characters; a megabyte of the input has ten thousand such lines '.padEnd(99);
const CHUNK = Buffer.from(`${LINE}\n`.repeat(1000));
const CHUNKS = megabytes * 10;

const start = performance.now();
const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
let highest = 0;
const watch = setInterval(() => {
  highest = Math.max(highest, readMemory(child.pid));
}, 50);

let bytes = 0;
let wrong = 0;
const expected = Buffer.from(`"${LINE}"\n`);
const ended = once(child, 'exit');
await Promise.all([
  pipeline(function* () {
    for (let chunk = 0; chunk < CHUNKS; chunk++) yield CHUNK;
  }, child.stdin),
  pipeline(child.stdout, async (chunks) => {
    for await (const chunk of chunks) {
      if (chunk[0] !== expected[bytes % expected.length]) wrong++;
      bytes += chunk.length;
    }
  }),
]);
const [code] = await ended;
clearInterval(watch);

const seconds = (performance.now() - start) / 1000;
const report = { megabytes, seconds: Number(seconds.toFixed(1)), highest: Math.round(highest), bound };
console.log(JSON.stringify(report));
if (code !== 0 || wrong > 0 || bytes !== CHUNKS * 1000 * expected.length || highest === 0 || highest > bound) {
  console.error(`failed: exit code ${code}, ${bytes} bytes, ${wrong} wrong chunks, ${highest} MB`);
  process.exitCode = 1;
}

/** In MB. */
function readMemory(pid) {
  try {
    const [, pages = 0] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ');
    return (Number(pages) * 4096) / 1e6;
  } catch {
    return 0;
  }
}
