import type { Scenario } from '../../scenario.ts';

export default {
  tool: 'tsx',
  packages: ['tsx'],
  nodes: ['20.19.0', '24', '26'],
  command: 'tsx main.ts',
  output: /^2,4 11,12$/m,
} satisfies Scenario;
