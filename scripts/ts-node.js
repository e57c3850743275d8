// Lets node run .ts files: node --import ./scripts/ts-node.js file.ts
import { register } from 'node:module';

register('ts-node/esm', import.meta.url);
