import type { Scenario } from '../../scenario.ts';

export default {
  tool: 'Rollup, with node-resolve and commonjs',
  packages: ['rollup', '@rollup/plugin-node-resolve', '@rollup/plugin-commonjs'],
  command: 'rollup --config --silent && node dist/index.mjs && node dist/index.cjs',
  output: /^(2,4\n7,14\n11,12\n){2}$/,
} satisfies Scenario;
