import type { Scenario } from '../../scenario.ts';

const yarn = 'node $project/node_modules/@yarnpkg/cli-dist/bin/yarn.js';

export default {
  tool: "Yarn (Plug'n'Play)",
  packages: ['@yarnpkg/cli-dist'],
  versions: ['4'],
  // In a folder outside of this one, so that the package can only be found in the archive. Its name has a space and an umlaut.
  command: [
    'set -e; project=$PWD; folder=$(mktemp -dt "yärn pnp XXXXXX")',
    'npm pack ./node_modules/aiomultiprocess --ignore-scripts --silent --pack-destination "$folder"',
    'cp program.mjs program.cjs .yarnrc.yml "$folder"; cd "$folder"; echo "{}" > package.json; touch yarn.lock',
    `${yarn} add aiomultiprocess@file:$(echo ./aiomultiprocess-*.tgz)`,
    `${yarn} node program.mjs; ${yarn} node program.cjs; ${yarn} aiomultiprocess --version; rm -r "$folder"`,
  ].join('; '),
  output: /^[\s\S]*\n2,4\n2,4\n\d+\.\d+\.\d+\n/,
} satisfies Scenario;
