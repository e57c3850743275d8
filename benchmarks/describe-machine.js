import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';

/**
 * @param {import('./contenders/index.js').Contender[]} contenders
 * @param {string[]} [libraries] other packages whose version matters
 */
export async function describeMachine(contenders, libraries = []) {
  const packages = [...new Set([...contenders.map((contender) => contender.package).filter(Boolean), ...libraries])];
  const facts = {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0]?.model.trim() ?? 'unknown CPU',
    cores: availableParallelism(),
    loadBefore: loadavg()[0],
    versions: {
      aiomultiprocess: readVersion(new URL('../package.json', import.meta.url)),
      ...Object.fromEntries(packages.flatMap(readInstalledVersion)),
    },
  };
  const versions = Object.entries(facts.versions).map(([name, version]) => `${name} ${version}`);
  return {
    facts,
    lines: [`Node ${facts.node}, ${facts.platform}, ${facts.cores} cores (${facts.cpu})`, versions.join(', ')],
  };
}

/** Empty if the package is not installed: the floor and the pool can be compared without the peers. */
function readInstalledVersion(name) {
  const file = new URL(`./node_modules/${name}/package.json`, import.meta.url);
  return existsSync(file) ? [[name, readVersion(file)]] : [];
}

function readVersion(url) {
  return JSON.parse(readFileSync(url, 'utf8')).version;
}
