import { runProgram } from '../support/program.ts';

test.each(['awaited', 'forgotten'])('an uncaught error of a task shows no file of this package: %s', async (how) => {
  const { code, stderr } = await runProgram('uncaught.mjs', [how]);
  const [shown = '', ...stack] = stderr.split(/^(?=RangeError)/m);
  expect(shown).not.toMatch(/dist.lib/);
  // Node.js 20 adds a line of its own.
  if (how === 'awaited' && !process.version.startsWith('v20.')) expect(shown).toContain('// the line of the caller');
  expect(stack.join('')).toMatch(/^RangeError: the task has failed\n {4}at fail \(.*uncaught\.mjs:4:9\)/);
  expect(code).toBe(1);
});
