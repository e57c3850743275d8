import type { Scenario } from '../../scenario.ts';

export default {
  tool: 'ncc',
  packages: ['@vercel/ncc'],
  nodes: ['20.19.0', '24'],
  command: 'ncc build src/index.js --external aiomultiprocess && node dist/index.js',
  output: /2,4\n7,14\n11,12\n/,
} satisfies Scenario;
