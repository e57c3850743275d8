/** Children write coverage and profiles, which Node.js writes at exit, in every way in which a pool can end. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../fixtures/pool/programs/covered.mjs', import.meta.url));

/** The part of a `NODE_V8_COVERAGE` file that the test reads. */
interface Coverage {
  result: { url: string; functions: { functionName: string; ranges: { count: number }[] }[] }[];
}

/** The number of calls of the function in each process that wrote a file. */
function readCalls(folder: string, functionName: string): number[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
  const coverages = files.map((name): Coverage => JSON.parse(readFileSync(join(folder, name), 'utf8')));
  return coverages.map(({ result }) => {
    const script = result.find(({ url }) => url.endsWith('/fixtures/pool/tasks.js'));
    return script?.functions.find((each) => each.functionName === functionName)?.ranges[0]?.count ?? 0;
  });
}

test.each([
  ['closed and joined', 'join', [0, 1, 1]],
  ['terminated', 'terminate', [0, 1, 1]],
  ['forgotten', 'forgotten', [0, 1, 1]],
  ['left by process.exit()', 'exit', [0, 1, 1]],
  ['left by an error', 'throw', [0, 1, 1]],
  ['recycled: those that follow have run no task', 'recycled', [0, 0, 0, 2, 2]],
  ['idle', 'idle', [0, 1]],
])('a pool that is %s', async (_how, way, calls) => {
  const folder = mkdtempSync(join(tmpdir(), 'aiomultiprocess-test-'));
  try {
    const env = { ...process.env, NODE_V8_COVERAGE: folder };
    await new Promise((resolve) => {
      const args = ['--cpu-prof', '--cpu-prof-dir', folder, program, way];
      execFile(process.execPath, args, { env, timeout: 25_000 }, resolve);
    });
    expect(readCalls(folder, 'pid').toSorted()).toEqual(calls);
    expect(readdirSync(folder).filter((name) => name.endsWith('.cpuprofile'))).toHaveLength(calls.length);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
