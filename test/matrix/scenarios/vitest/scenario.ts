import type { Scenario } from '../../scenario.ts';

export default {
  tool: 'Vitest',
  packages: ['vitest', 'typescript@6'],
  versions: ['3', '4', '5'],
  command: 'vitest run --testTimeout 60000',
  output: /Tests +1 passed/,
} satisfies Scenario;
