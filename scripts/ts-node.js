// Lets node run .ts files: node --import ./scripts/ts-node.js file.ts. From 22.18 on it does so by itself.
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';

// ts-node looks for its settings from the current folder upwards, and a program may run in any.
process.env.TS_NODE_PROJECT ??= fileURLToPath(new URL('../tsconfig.json', import.meta.url));
if (!process.features.typescript) register('ts-node/esm', import.meta.url);
