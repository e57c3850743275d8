// Lets node run .ts files: node --import ./scripts/ts-node.js file.ts.
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';

// ts-node looks for its settings from the current folder upwards, and a program may run in any.
process.env.TS_NODE_PROJECT ??= fileURLToPath(new URL('../tsconfig.json', import.meta.url));
register('ts-node/esm', import.meta.url);
