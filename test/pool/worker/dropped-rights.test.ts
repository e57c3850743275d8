/** Processes without permission to signal each other: a program started as root, or its children, became another user. */
import { findSurvivors } from '../../support/alive.ts';
import { Program } from '../../support/program.ts';

const asRoot = process.platform === 'linux' && process.geteuid?.() === 0 ? describe : describe.skip;

asRoot('after a change of user', () => {
  describe.each(['parent', 'child'])('of the %s', (who) => {
    const nobody = 65_534;

    test('a busy loop is ended after its time limit, and the pool keeps working', async () => {
      await Program.using('dropped-rights.mjs', [who, 'timeout'], async (program) => {
        const pids = await program.readPids(1);
        expect(await program.readLine()).toBe('TaskTimeoutError');
        expect(await program.readLine()).toBe(`then ${nobody}`);
        expect(await program.readLine()).toBe('joined');
        expect(await program.ended()).toBe(0);
        expect(await findSurvivors(pids)).toEqual([]);
      });
    });

    test('terminate() ends a busy loop, and join() resolves', async () => {
      await Program.using('dropped-rights.mjs', [who, 'terminate'], async (program) => {
        const pids = await program.readPids(1);
        program.tell('terminate');
        expect(await program.readLine()).toBe('PoolTerminatedError');
        expect(await program.readLine()).toBe('joined');
        expect(await findSurvivors(pids)).toEqual([]);
      });
    });

    test('a busy loop ends when the program is killed', async () => {
      await Program.using('dropped-rights.mjs', [who, 'kill'], async (program) => {
        const pids = await program.readPids(1);
        program.kill('SIGKILL');
        expect(await findSurvivors(pids)).toEqual([]);
      });
    });
  });
});
