import type { Scenario } from '../../scenario.ts';

export default {
  tool: 'Bun',
  packages: ['bun'],
  nodes: ['24'],
  command: 'bun program.mjs',
  output: /^BootstrapError: a Pool needs Node\.js: .*Bun/,
  result: 'not supported: a `BootstrapError` at the first pool names what is missing',
} satisfies Scenario;
