// The weight of every package in a node_modules folder: its files, and their bytes as they are, with gzip and with Brotli. First
// with a pool, then in one process. Usage: node docs/examples/package-weight.js [folder]
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { brotliCompressSync, gzipSync, constants as zlib } from 'node:zlib';
import { isMainProcess, Pool } from 'aiomultiprocess';

/** Programs in machine code are left out: they are few, and heavier than everything else together. */
const TEXT = /\.([cm]?[jt]sx?|json|map|md|css|html)$/;
/** The folder of a package at the start of a path: `a`, `@scope/a` or `a/node_modules/b`. */
const PACKAGE = /^(?:.*[\\/]node_modules[\\/])?(?:@[^\\/]+[\\/])?[^@.\\/][^\\/]*(?=[\\/])/;
/** The quality at which servers compress answers. */
const BROTLI = { params: { [zlib.BROTLI_PARAM_QUALITY]: 6 } };

/** The task: weighs the files of one package. */
export async function weigh(files) {
  const weight = { files: files.length, raw: 0, gzip: 0, brotli: 0 };
  for (const file of files) {
    const bytes = readFileSync(file);
    weight.raw += bytes.length;
    weight.gzip += gzipSync(bytes).length;
    weight.brotli += brotliCompressSync(bytes, BROTLI).length;
  }
  return weight;
}

const withPool = (packages) => Pool.using({}, (pool) => pool.map(weigh, packages, { progress: { label: 'pool' } }));

async function withoutPool(packages) {
  // Only here: the processes of the pool import this module as well, and need no progress bar.
  const { SingleBar } = await import('cli-progress');
  const bar = new SingleBar({ format: 'one process: {bar} {value}/{total}', clearOnComplete: true });
  bar.start(packages.length, 0);
  const weights = [];
  for (const files of packages) {
    weights.push(await weigh(files));
    bar.increment();
  }
  bar.stop();
  return weights;
}

/** The text files of each package, the package with the most bytes first. */
function listPackages(folder) {
  const packages = new Map();
  for (const path of readdirSync(folder, { recursive: true })) {
    const [name] = PACKAGE.exec(path) ?? [];
    if (name === undefined || !TEXT.test(path)) continue;
    const file = join(folder, path);
    const stat = lstatSync(file);
    if (!stat.isFile()) continue;
    if (!packages.has(name)) packages.set(name, { name, files: [], bytes: 0 });
    packages.get(name).files.push(file);
    packages.get(name).bytes += stat.size;
  }
  // Were a long task the last one, the other processes would wait for it.
  return [...packages.values()].sort((one, other) => other.bytes - one.bytes);
}

async function time(run, packages) {
  const start = performance.now();
  const weights = await run(packages.map(({ files }) => files));
  return { weights, seconds: (performance.now() - start) / 1000 };
}

if (isMainProcess) {
  const packages = listPackages(resolve(process.argv[2] ?? join(import.meta.dirname, '../../node_modules')));
  const pool = await time(withPool, packages);
  const alone = await time(withoutPool, packages);

  console.table(Object.fromEntries(packages.slice(0, 20).map(({ name }, index) => [name, pool.weights[index]])));
  const sum = (key) => pool.weights.reduce((total, weight) => total + weight[key], 0).toLocaleString('en');
  console.log(`${packages.length} packages, ${sum('files')} files, ${sum('raw')} bytes`);
  console.log(`compressed: ${sum('gzip')} bytes with gzip, ${sum('brotli')} bytes with Brotli`);
  console.log(`with the pool: ${pool.seconds.toFixed(2)} s`);
  console.log(`in one process: ${alone.seconds.toFixed(2)} s`);
  const gained = (alone.seconds - pool.seconds).toFixed(2);
  console.log(`gained: ${gained} s, the pool is ${(alone.seconds / pool.seconds).toFixed(2)} times as fast`);
  const equal = JSON.stringify(pool.weights) === JSON.stringify(alone.weights);
  console.log(`weights: ${equal ? 'equal' : 'DIFFERENT'}`);
  process.exitCode = equal ? 0 : 1;
}
