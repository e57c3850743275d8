/** Tests run as ES modules against the build in dist/: only the test files themselves are transformed. */
export default {
  testEnvironment: 'node',
  // The clean-up wraps what a dependency keeps on `process` once more for each file, until the stack overflows.
  testEnvironmentOptions: { globalsCleanup: 'off' },
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      {
        swcrc: false,
        sourceMaps: 'inline',
        jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
        module: { type: 'es6' },
      },
    ],
  },
  // Packages of their own, with a package.json that is not ours.
  modulePathIgnorePatterns: ['<rootDir>/benchmarks/', '<rootDir>/test/matrix/'],
  // Projects of users, for other tools and other test runners.
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/matrix/'],
  maxWorkers: 2,
  testTimeout: 30_000,
};
