/**
 * Which folder may import from which, type-only imports included; `npm run check:imports` enforces it. Every folder may
 * also import `lib/errors.ts` and `lib/util/`. Nothing may import in a circle.
 */
const allowed = {
  'lib/util': [],
  'lib/functions': [],
  'lib/protocol': ['lib/functions'],
  'lib/ipc': ['lib/protocol'],
  'lib/observe': [],
  'lib/dashboard': ['lib/observe'],
  'lib/shared-memory': ['lib/ipc', 'lib/protocol'],
  'lib/manager/protocol': ['lib/ipc', 'lib/protocol'],
  // Stands for shared objects in every process, so what opens a pipe to a process registers it.
  'lib/manager/client': ['lib/manager/protocol', 'lib/shared-memory', 'lib/ipc', 'lib/protocol'],
  'lib/process': ['lib/manager/client', 'lib/shared-memory', 'lib/ipc', 'lib/protocol', 'lib/functions'],
  'lib/child': ['lib/manager/client', 'lib/process', 'lib/shared-memory', 'lib/ipc', 'lib/protocol', 'lib/functions'],
  'lib/manager': ['lib/process', 'lib/shared-memory', 'lib/ipc', 'lib/protocol', 'lib/functions'],
  'lib/pool': ['lib/dashboard', 'lib/process', 'lib/observe', 'lib/shared-memory', 'lib/ipc', 'lib/protocol', 'lib/functions'],
  'lib/distributed': ['lib/dashboard', 'lib/pool', 'lib/process', 'lib/observe', 'lib/ipc', 'lib/protocol', 'lib/functions'],
  // The command imports the package by its name, except the tables that define its flags, and what loads functions in
  // its child processes.
  bin: ['lib/pool/options', 'lib/distributed/options', 'lib/functions'],
};

const everywhere = ['lib/errors', 'lib/util'];

/** A folder inside of another one has rules of its own. */
const nested = (folder) => Object.keys(allowed).filter((other) => other.startsWith(`${folder}/`));

const rules = Object.entries(allowed).map(([folder, others]) => {
  const permitted = [folder, ...others, ...everywhere];
  const exempt = nested(folder).map((inner) => `^${inner}/`);
  return {
    name: `${folder}-imports`,
    comment: `${folder} may import from ${permitted.join(', ')}`,
    severity: 'error',
    from: { path: `^${folder}/`, ...(exempt.length > 0 && { pathNot: exempt }) },
    to: { path: '^(lib|bin|test|benchmarks|scripts)/', pathNot: `^(${permitted.join('|')})[/.]` },
  };
});

module.exports = {
  forbidden: [...rules, { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } }],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
