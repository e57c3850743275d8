import type { Scenario } from '../../scenario.ts';

export default {
  tool: 'Jest (CommonJS)',
  packages: ['jest'],
  nodes: ['20.19.0', '24'],
  command: 'jest --testTimeout 60000',
  output: /Tests: +1 passed/,
} satisfies Scenario;
