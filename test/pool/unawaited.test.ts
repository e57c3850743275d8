import { runProgram } from '../support/program.ts';

const failure = 'unhandled: RangeError: failed with 1';

async function printed(what: string, end: string): Promise<string[]> {
  const { code, stdout, stderr } = await runProgram('unawaited.mjs', [what, end]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout.trim().split('\n');
}

test.each([
  [
    'a failed map that the program forgets is reported after its pool has ended',
    'forgotten',
    'close',
    ['ending', 'ended', failure],
  ],
  [
    'a failed map that the program forgets is reported after it was terminated',
    'forgotten',
    'terminate',
    ['ending', 'ended', failure],
  ],
  [
    'a failed map that the program forgets is reported before it exits',
    'forgotten',
    'exit',
    ['ending', 'ended', failure],
  ],
  ['a map that only the end of its pool has stopped is not', 'map without an end', 'terminate', ['ending', 'ended']],
  ['a call that only the end of its pool has stopped is not', 'apply', 'terminate', ['ending', 'ended']],
  ['a call that has failed by itself is an ordinary promise', 'failing apply', 'close', ['ending', failure, 'ended']],
])('%s', async (_title, what, end, lines) => expect(await printed(what, end)).toEqual(lines));

test.each(['caught', 'with finally', 'settled', 'iterated', 'unordered', 'outcomes', 'cancelled'])(
  'a failed map is not reported that the program has used: %s',
  async (what) => {
    const lines = (await printed(what, 'terminate')).filter((line) => line !== 'finally');
    expect(lines).toEqual(['ending', 'ended']);
  },
);

test('a failed map that the program forgets ends it with its error, as any unhandled rejection does', async () => {
  const { code, stdout, stderr } = await runProgram('forgotten-map.mjs');
  expect(stderr).toMatch(/RangeError: failed with 1/);
  expect({ code, stdout }).toEqual({ code: 1, stdout: 'ended\n' });
});
