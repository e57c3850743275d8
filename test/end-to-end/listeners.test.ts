import { runProgram } from '../support/program.ts';

test('errors of listeners are uncaught exceptions, and every call is answered', async () => {
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
