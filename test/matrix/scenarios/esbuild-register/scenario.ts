import type { Scenario } from '../../scenario.ts';

export default {
  tool: 'esbuild-register',
  packages: ['esbuild-register', 'esbuild'],
  nodes: ['20.19.0', '24', '26'],
  command: 'node -r esbuild-register main.ts',
  output: /^2,4 11,12$/m,
} satisfies Scenario;
