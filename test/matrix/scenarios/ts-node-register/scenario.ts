import type { Scenario } from '../../scenario.ts';

export default {
  tool: 'ts-node (`-r ts-node/register`)',
  packages: ['ts-node', 'typescript@6', '@types/node@20'],
  nodes: ['20.19.0', '24', '26'],
  command: 'node -r ts-node/register main.ts',
  output: /^2,4 11,12$/m,
} satisfies Scenario;
