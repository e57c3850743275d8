import type { Scenario } from '../../scenario.ts';

const bundles = ['development-eval', 'development-false', 'production-false'];

export default {
  tool: 'webpack',
  packages: ['webpack', 'webpack-cli'],
  nodes: ['20.19.0', '24'],
  command: ['webpack', ...bundles.map((name) => `node dist/${name}.cjs`)].join(' && '),
  output: /(2,4\n7,14\n11,12\n){3}/,
} satisfies Scenario;
