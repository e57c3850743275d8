/** Installs the tools and versions of the matrix. Installs are kept between runs: a rerun installs only what has changed. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import type { NamedScenario } from './scenario.ts';

const root = resolve(import.meta.dirname, '../..');

/** Outside the repository, so that projects do not find its packages. Each checkout has its own folder. */
const projects = join(
  tmpdir(),
  `aiomultiprocess-matrix-${createHash('sha256').update(root).digest('hex').slice(0, 8)}`,
);
const nodes = join(root, 'node_modules/.cache/aiomultiprocess-nodes');

/** The environment without the variables that `npm run` and this repository add. */
const plainEnv = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^npm_|^NODE_|^TS_NODE_|^FORCE_COLOR$|^INIT_CWD$/i.test(name)),
);
const plainPath = (process.env.PATH ?? '').split(delimiter).filter((entry) => !entry.startsWith(root));

export interface Project {
  folder: string;
  /** The installed version of the tool; '' if the scenario does not install one. */
  version: string;
}

export interface NodeBinary {
  /** Such as `24.3.0`. */
  version: string;
  /** An environment in which `node` is this version. */
  env: NodeJS.ProcessEnv;
}

export function removeInstalls(): void {
  for (const folder of [projects, nodes]) rmSync(folder, { recursive: true, force: true });
}

/** Packs the package as published. Skips `prepare`, because the build exists. */
export function packPackage(): string {
  const folder = join(projects, 'package');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  npm(root, 'pack', '--ignore-scripts', '--pack-destination', folder);
  const [file] = readdirSync(folder);
  if (file === undefined) throw new Error('npm pack wrote no file');
  return join(folder, file);
}

/**
 * Installs a version of Node.js from the registry. The package for each platform contains the binary, so this works where
 * install scripts are disabled.
 */
export function installNode(wanted: string): NodeBinary {
  const name = `node-${process.platform}-${process.arch}`;
  const folder = join(nodes, wanted);
  if (!existsSync(join(folder, 'node_modules', name))) {
    createFolder(folder);
    npm(folder, 'install', '--no-save', `${name}@${wanted}`);
  }
  const bin = join(folder, 'node_modules', name, 'bin');
  const path = [bin, ...plainPath].join(delimiter);
  // The compiled code of children goes there, not into the cache of the user.
  const caches = join(projects, 'caches');
  const env = { ...plainEnv, PATH: path, CI: '1', NO_COLOR: '1', XDG_CACHE_HOME: caches };
  return { version: readVersion(folder, name).replace(/^v/, ''), env };
}

/** Creates a fresh copy of the project, with the packed package and the tool in its node_modules. */
export function installProject(scenario: NamedScenario, version: string, packageFile: string): Project {
  const folder = join(projects, `${scenario.name}-${version}`);
  const [tool, ...others] = scenario.packages ?? [];
  const wanted = tool === undefined ? [] : [version ? `${tool}@${version}` : tool, ...others];
  const contents = JSON.stringify({ wanted });
  const stamp = join(folder, 'node_modules', '.matrix.json');

  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === contents) {
    for (const entry of readdirSync(folder)) {
      if (entry !== 'node_modules') rmSync(join(folder, entry), { recursive: true });
    }
    const own = join(folder, 'node_modules/aiomultiprocess');
    rmSync(join(own, 'dist'), { recursive: true, force: true });
    execFileSync('tar', ['-xzf', packageFile, '-C', own, '--strip-components=1']);
  } else {
    createFolder(folder);
    npm(folder, 'install', '--no-save', packageFile, ...wanted);
    writeFileSync(stamp, contents);
  }
  if (scenario.project) cpSync(scenario.project, folder, { recursive: true });
  return { folder, version: tool === undefined ? '' : readVersion(folder, tool) };
}

function createFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  // Without a package.json, npm would install into a parent folder.
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
}

function readVersion(folder: string, name: string): string {
  return JSON.parse(readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8')).version;
}

function npm(cwd: string, ...args: string[]): void {
  const env = { ...plainEnv, PATH: plainPath.join(delimiter) };
  execFileSync('npm', [...args, '--silent', '--no-audit', '--no-fund'], {
    cwd,
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
