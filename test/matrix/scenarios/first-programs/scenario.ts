import { nodeVersions, type Scenario } from '../../scenario.ts';

const compiler = 'tsc --noEmit --strict --module nodenext --target es2022 --types node --skipLibCheck false';

export default {
  tool: "The README's first programs, with tsx",
  packages: ['tsx', 'typescript', '@types/node@20'],
  versions: ['latest'],
  nodes: nodeVersions,
  command: [
    'node paste.mjs',
    'node squares.mjs',
    'tsx squares.mts',
    // Node.js itself runs TypeScript from 22.18 on.
    'if node -e "process.exit(process.features.typescript ? 0 : 1)"; then node squares.mts; else tsx squares.mts; fi',
    `${compiler} squares.mts`,
    'node entry-points.mjs',
  ].join(' && '),
  // Node.js 22.12 warns of every `require` of an ES module.
  output:
    /^(\[ 1, 4, 9, 16 \]\n){3}(aiomultiprocess\S* has \d+ names\n){4}(.*ExperimentalWarning: CommonJS module [\s\S]*require\(\)[\s\S]*)?$/,
  result: 'work in JavaScript and TypeScript',
} satisfies Scenario;
