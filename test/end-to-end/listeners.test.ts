import { runProgram } from '../support/program.ts';

test('whatever listens may fail: every call is answered, and the failures are uncaught exceptions', async () => {
  const { code, stdout, stderr } = await runProgram('throwing-listeners.mjs');
  expect(JSON.parse(stdout)).toEqual({
    failed: 'the target failed',
    reported: 3,
    mapped: [4],
    doubled: 10,
    uncaught: ['completeTask', 'onProgress', 'taskError'],
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});
