import { node, root } from '../support/run.ts';

const suite = `${root}test/fixtures/test-runners/suite.test.mjs`;

test.each([['--test'], ['--test-reporter=tap']])(
  'node %s: children run no tests of the file that has the function',
  async (flag) => {
    const { code, stdout } = await node([flag, suite]);
    expect(stdout.match(/the suite runs/g)).toHaveLength(1);
    expect(stdout).toMatch(/[#ℹ] pass 1\n/);
    expect(stdout).toMatch(/[#ℹ] fail 0\n/);
    expect(code).toBe(0);
  },
);
