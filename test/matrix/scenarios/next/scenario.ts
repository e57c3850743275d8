import type { Scenario } from '../../scenario.ts';

export default {
  tool: 'Next.js',
  packages: ['next', 'react', 'react-dom'],
  versions: ['16'],
  nodes: ['22', '24'],
  command: 'next build && node try.mjs',
  output: /answer: \[2,4,6\]/,
  timeout: 300_000,
} satisfies Scenario;
