const { createRequire } = require('node:module');
const { join } = require('node:path');

// The modules of tasks, and the package, are files beside the executable.
const load = createRequire(join(process.cwd(), 'main.cjs'));
const { Pool } = load('aiomultiprocess');
const { twice } = load('./tasks.cjs');

const execPath = process.argv[2];
console.log('run');
Pool.using({ processes: 1, ...(execPath && { execPath }) }, (pool) => pool.map(twice, [1, 2])).then(
  (results) => console.log(results.join()),
  (error) => console.log(`refused: ${error.name}`),
);
