import type { Scenario } from '../../scenario.ts';

export default {
  tool: '@swc-node/register',
  packages: ['@swc-node/register', '@swc/core', 'typescript@6'],
  nodes: ['20.19.0', '24', '26'],
  command: 'node -r @swc-node/register main.ts',
  output: /^2,4 11,12$/m,
} satisfies Scenario;
