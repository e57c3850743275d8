import type { Scenario } from '../../scenario.ts';

export default {
  tool: 'Deno',
  packages: ['deno'],
  nodes: ['24'],
  command: 'deno run -A --node-modules-dir=manual program.mjs',
  output: /^BootstrapError: a Pool needs Node\.js: .*Deno/,
  result: 'not supported: a `BootstrapError` at the first pool names what is missing',
} satisfies Scenario;
