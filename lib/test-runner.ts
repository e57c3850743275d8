import { devNull } from 'node:os';

/**
 * In a child, `node:test` skips every test: a child imports the test file for one of its functions, and would run the
 * whole file otherwise. No name matches the pattern; the report of no tests goes nowhere.
 */
const SKIP_TESTS = ['--test-name-pattern=^\\b$', '--test-reporter=dot', `--test-reporter-destination=${devNull}`];

/** The options of Node.js for a child of this process: it runs no tests, if this process may have some. */
export function skipTests(): readonly string[] {
  return usesNodeTest() ? SKIP_TESTS : [];
}

/**
 * With this variable of `node --test`, `node:test` writes its own protocol to stdout, for a runner that reads it. No
 * runner reads what a child prints.
 */
export const withoutTestRunner: NodeJS.ProcessEnv = { NODE_TEST_CONTEXT: undefined };

/** Neither the options nor the environment tell where a test file is run as an ordinary program. */
function usesNodeTest(): boolean {
  const loaded: unknown = Reflect.get(process, 'moduleLoadList');
  return Array.isArray(loaded) && loaded.includes('NativeModule test');
}
