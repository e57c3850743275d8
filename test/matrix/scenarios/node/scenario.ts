import { nodeVersions, type Scenario } from '../../scenario.ts';

export default {
  tool: 'Node.js',
  nodes: nodeVersions,
  inRepository: true,
  command: 'node --experimental-vm-modules node_modules/jest/bin/jest.js',
  result: 'the whole test suite passes',
  timeout: 30 * 60_000,
} satisfies Scenario;
