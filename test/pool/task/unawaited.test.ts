import { runProgram } from '../../support/program.ts';

const failure = 'unhandled: RangeError: failed with 1';

async function printed(what: string, end: string): Promise<string[]> {
  const { code, stdout, stderr } = await runProgram('unawaited.mjs', [what, end]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout.trim().split('\n');
}

test.each([
  [
    'a failed map that the program never uses is reported after close()',
    'forgotten',
    'close',
    ['ending', 'ended', failure],
  ],
  [
    'a failed map that the program never uses is reported after terminate()',
    'forgotten',
    'terminate',
    ['ending', 'ended', failure],
  ],
  [
    'a failed map that the program never uses is reported before the program exits',
    'forgotten',
    'exit',
    ['ending', 'ended', failure],
  ],
  ['a map that terminate() stops is not reported', 'map without an end', 'terminate', ['ending', 'ended']],
  ['a call that terminate() stops is not reported', 'apply', 'terminate', ['ending', 'ended']],
  ['a ready() that terminate() stops is not reported', 'ready', 'terminate', ['ending', 'ended']],
  ['a warm() that terminate() stops is not reported', 'warm', 'terminate', ['ending', 'ended']],
  ['a broadcast that terminate() stops is not reported', 'broadcast', 'terminate', ['ending', 'ended']],
  ['a failed broadcast is reported at once', 'failing broadcast', 'close', ['ending', failure, 'ended']],
  [
    'a failed call is reported at once, like any rejected promise',
    'failing apply',
    'close',
    ['ending', failure, 'ended'],
  ],
])('%s', async (_title, what, end, lines) => expect(await printed(what, end)).toEqual(lines));

test.each(['caught', 'with finally', 'settled', 'iterated', 'unordered', 'outcomes', 'cancelled'])(
  'a failed map that the program has used is not reported: %s',
  async (what) => {
    const lines = (await printed(what, 'terminate')).filter((line) => line !== 'finally');
    expect(lines).toEqual(['ending', 'ended']);
  },
);

test('a failed map that the program never uses ends the program like any unhandled rejection', async () => {
  const { code, stdout, stderr } = await runProgram('forgotten-map.mjs');
  expect(stderr).toMatch(/RangeError: failed with 1/);
  expect({ code, stdout }).toEqual({ code: 1, stdout: 'ended\n' });
});
