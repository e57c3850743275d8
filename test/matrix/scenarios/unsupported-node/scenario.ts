import type { Scenario } from '../../scenario.ts';

export default {
  tool: 'Node.js (not supported)',
  nodes: ['18.20.8', '20.0.0', '20.18.3', '22.11.0'],
  command: 'node program.mjs',
  exitCode: 1,
  output: /Error: aiomultiprocess requires Node\.js \^20\.19\.0 \|\| >=22\.12\.0; this is v/,
  result: 'an error as the package loads, which names the versions that are needed',
} satisfies Scenario;
