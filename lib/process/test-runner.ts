import { devNull } from 'node:os';

/**
 * With these options `node:test` skips every test: a child imports the test file for one of its functions, and would
 * otherwise run all of its tests. No name matches the pattern; the empty report is discarded.
 */
const SKIP_TESTS = ['--test-name-pattern=^\\b$', '--test-reporter=dot', `--test-reporter-destination=${devNull}`];

/** The options of Node.js with which a child runs no tests; none if this process has no tests. */
export function skipTests(): readonly string[] {
  return usesNodeTest() ? SKIP_TESTS : [];
}

/**
 * With this variable of `node --test`, `node:test` writes its own protocol to stdout for the runner, which does not
 * read the output of children.
 */
export const withoutTestRunner: NodeJS.ProcessEnv = { NODE_TEST_CONTEXT: undefined };

/** Neither the options nor the environment show it if a test file runs as an ordinary program. */
function usesNodeTest(): boolean {
  const loaded: unknown = Reflect.get(process, 'moduleLoadList');
  return Array.isArray(loaded) && loaded.includes('NativeModule test');
}
