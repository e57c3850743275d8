// A census of source code: counts the lines and syntax nodes of every .js and .ts file below a folder, first with
// a pool and then in one process. Usage: node docs/examples/census.js [folder]
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, resolve } from 'node:path';
import { isMainProcess, Pool } from 'aiomultiprocess';
import ts from 'typescript';

/** The task: reads and parses one file. Throws on a syntax error. */
export async function parse(path) {
  const source = ts.createSourceFile(path, await readFile(path, 'utf8'), ts.ScriptTarget.Latest);
  if (source.parseDiagnostics.length > 0) throw new SyntaxError(path);
  let nodes = 0;
  const visit = (node) => {
    nodes++;
    ts.forEachChild(node, visit);
  };
  visit(source);
  return { lines: source.getLineStarts().length, nodes };
}

const withPool = (files) => Pool.using({}, (pool) => pool.map(parse, files).settled());

/** The same in this process, with as many files at a time as in a child of the pool. */
async function withoutPool(files) {
  const results = [];
  const entries = files.entries();
  const worker = async () => {
    for (const [index, file] of entries) [results[index]] = await Promise.allSettled([parse(file)]);
  };
  await Promise.all(Array.from({ length: 16 }, worker));
  return results;
}

function count(files, results) {
  const totals = Object.fromEntries(
    ['.js', '.ts', 'all'].map((key) => [key, { files: 0, lines: 0, nodes: 0, failures: 0 }]),
  );
  for (const [index, { status, value = { lines: 0, nodes: 0 } }] of results.entries()) {
    for (const total of [totals[extname(files[index])], totals.all]) {
      total.files++;
      total.lines += value.lines;
      total.nodes += value.nodes;
      if (status === 'rejected') total.failures++;
    }
  }
  return totals;
}

async function time(run, files) {
  const start = performance.now();
  const totals = count(files, await run(files));
  return { totals, seconds: (performance.now() - start) / 1000 };
}

if (isMainProcess) {
  const folder = resolve(process.argv[2] ?? join(import.meta.dirname, '../../node_modules'));
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && /\.[jt]s$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const pool = await time(withPool, files);
  const alone = await time(withoutPool, files);
  const equal = JSON.stringify(pool.totals) === JSON.stringify(alone.totals);
  console.table(pool.totals);
  console.log(`with the pool: ${pool.seconds.toFixed(2)} s`);
  console.log(`in one process: ${alone.seconds.toFixed(2)} s`);
  console.log(`ratio: ${(alone.seconds / pool.seconds).toFixed(2)}`);
  console.log(`totals: ${equal ? 'equal' : 'DIFFERENT'}`);
  process.exitCode = equal ? 0 : 1;
}
