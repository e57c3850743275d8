import type { Scenario } from '../../scenario.ts';

export default {
  tool: 'Jest with ts-jest',
  packages: ['jest', 'ts-jest', 'typescript@6', '@types/jest', '@types/node@20'],
  nodes: ['20.19.0', '24'],
  command: 'jest --testTimeout 60000',
  output: /Tests: +1 passed/,
} satisfies Scenario;
