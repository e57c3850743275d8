import type { Scenario } from '../../scenario.ts';

export default {
  tool: 'Vite (library and SSR)',
  packages: ['vite'],
  versions: ['7', 'latest'],
  command: [
    'vite build --config library.config.js --logLevel error && node dist/library/index.js',
    // Vite leaves the packages of node_modules out of an SSR build.
    'vite build --ssr src/index.js --outDir dist/ssr --logLevel error && node dist/ssr/index.js',
    'vite build --config contained.config.js --logLevel error && ! node dist/contained/index.js',
  ].join(' && '),
  output: /^(2,4\n7,14\n11,12\n){2}[\s\S]*a bundle must import the package aiomultiprocess, not contain it/,
} satisfies Scenario;
