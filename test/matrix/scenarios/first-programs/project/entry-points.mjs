// Imports and requires every entry point, without the packages that only some programs need.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { exports } = require('aiomultiprocess/package.json');
for (const entry of Object.keys(exports).filter((name) => !name.endsWith('.json'))) {
  const name = entry.replace('.', 'aiomultiprocess');
  const imported = Object.keys(await import(name)).filter((key) => !['default', 'module.exports'].includes(key));
  const required = Object.keys(require(name));
  if (imported.length === 0 || String(imported) !== String(required.sort()))
    throw new Error(`${name}: ${imported}; ${required}`);
  console.log(`${name} has ${imported.length} names`);
}
