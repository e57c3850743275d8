import type { Scenario } from '../../scenario.ts';

export default {
  tool: 'pnpm',
  packages: ['pnpm'],
  versions: ['10', 'latest'],
  nodes: ['24'],
  // In a folder outside of this one, so that the package can only be found where pnpm has put it.
  command: [
    'set -e; folder=$(mktemp -d)',
    'npm pack ./node_modules/aiomultiprocess --ignore-scripts --silent --pack-destination "$folder"',
    'cp program.mjs program.cjs "$folder"; cd "$folder"; echo "{}" > package.json',
    'pnpm add --offline ./aiomultiprocess-*.tgz',
    'node program.mjs; node program.cjs; pnpm exec aiomultiprocess --version; rm -r "$folder"',
  ].join('; '),
  output: /^[\s\S]*\n2,4\n2,4\n\d+\.\d+\.\d+\n/,
} satisfies Scenario;
