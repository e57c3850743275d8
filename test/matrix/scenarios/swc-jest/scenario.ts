import type { Scenario } from '../../scenario.ts';

export default {
  tool: 'Jest with @swc/jest',
  packages: ['jest', '@swc/jest', '@swc/core'],
  nodes: ['20.19.0', '24'],
  command: 'jest --testTimeout 60000',
  output: /Tests: +1 passed/,
} satisfies Scenario;
