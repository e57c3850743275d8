// Makes Node.js run .ts files: node --import ./scripts/ts-node.js file.ts
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';

// ts-node searches for its settings upwards from the current folder, which may be any folder.
process.env.TS_NODE_PROJECT ??= fileURLToPath(new URL('../tsconfig.json', import.meta.url));
register('ts-node/esm', import.meta.url);
