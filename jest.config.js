/** Tests run as ES modules against the build in dist/; only the test files themselves are transformed. */
export default {
  globalSetup: '<rootDir>/test/support/cache-home.js',
  globalTeardown: '<rootDir>/test/support/remove-cache-home.js',
  testEnvironment: 'node',
  // The clean-up redefines the properties of all objects that a test file leaves on `globalThis`, which slows down their users.
  testEnvironmentOptions: { globalsCleanup: 'off' },
  // Those that take long are `*.long.ts`: npm run test:long.
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
  // Separate packages with their own package.json.
  modulePathIgnorePatterns: ['<rootDir>/benchmarks/', '<rootDir>/test/matrix/'],
  // Projects of users, for other tools and test runners.
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/matrix/'],
  // A worker mostly waits, for processes to start and for time to pass: one more than cores keeps two cores busy.
  maxWorkers: 3,
  testTimeout: 30_000,
};
