import { Pool } from 'aiomultiprocess';
import { double } from '../fixtures/pool/tasks.js';
import { renderScreen } from '../support/render-screen.ts';
import { node, root } from '../support/run.ts';
import { runInTerminal } from '../support/terminal.ts';

const program = `${root}test/fixtures/observe/programs/bars.mjs`;

/** What the terminal shows after the program, which must end well. */
async function screenOf(mode: string): Promise<string[]> {
  const { code, output } = await runInTerminal([process.execPath, program, mode]);
  expect(code).toBe(0);
  return renderScreen(output);
}

const onLinux = process.platform === 'linux' ? describe : describe.skip;

onLinux('in a terminal', () => {
  test('a bar goes to its end, with rate and rest', async () => {
    const { output } = await runInTerminal([process.execPath, program, 'one']);
    expect(renderScreen(output)).toEqual([
      expect.stringMatching(/^work █{24} 200\/200 \| \d+\/s \| 0s left$/),
      'done',
      '',
    ]);
    // It was drawn on its way, too.
    expect(output).toMatch(/work █+░+ [1-9]\d*\/200 \| \S+\/s \| \d+s left/);
  });

  test('the bars of maps that run at the same time stand below each other', async () => {
    expect(await screenOf('two')).toEqual([
      expect.stringMatching(/^first █{24} 200\/200 /),
      expect.stringMatching(/^second █{24} 3\/3 /),
      'done',
      '',
    ]);
  });

  test('items that nobody has counted are counted', async () => {
    expect(await screenOf('open')).toEqual([
      expect.stringMatching(/^known █{24} 120\/120 /),
      expect.stringMatching(/^open 120 \| \d+\/s \| 0s$/),
      'done',
      '',
    ]);
  });

  test('failures are counted, and a map that is cancelled leaves its bar where it was', async () => {
    expect((await screenOf('failing'))[0]).toMatch(/^failOdd █{24} 4\/4, 2 failed /);
    expect((await screenOf('cancelled'))[0]).toMatch(/^work ░{24} 0\/50 /);
  });

  test('more maps than fit one after the other do not fill the screen', async () => {
    const screen = await screenOf('many');
    expect(screen.filter((line) => line.startsWith('map ')).length).toBeLessThanOrEqual(11);
    expect(screen.find((line) => line.startsWith('long '))).toMatch(/█{24} 40\/40 /);
    expect(screen.slice(-2)).toEqual(['done', '']);
  });

  test('a format of the program is used', async () => {
    expect(await screenOf('format')).toEqual(['<L> 200 of 200', 'done', '']);
  });

  test('the bar leaves the terminal in order when the program exits', async () => {
    const { code, output } = await runInTerminal([process.execPath, program, 'exit']);
    expect(code).toBe(3);
    expect(output.endsWith('\r\n')).toBe(true);
    expectNoModes(output);
  });

  test('Ctrl-C ends the program as if there were no bar', async () => {
    const { code, output } = await runInTerminal([process.execPath, program, 'cancelled'], {
      after: '0/50',
      text: '\x03',
    });
    expect(code).toBe(130);
    expectNoModes(output);
  });

  test('a bar does not keep a program alive that has ended its pool', async () => {
    expect((await screenOf('forgotten')).slice(-2)).toEqual(['done', '']);
  });

  test('nothing is drawn that was not asked for', async () => {
    expect(await runInTerminal([process.execPath, program, 'never'])).toEqual({ code: 0, output: 'done\r\n' });
  });
});

/** A cursor that is hidden, or lines that do not wrap, would outlive the program. */
function expectNoModes(output: string): void {
  expect(output).not.toContain('\x1b[?');
}

test('elsewhere it is a line every few seconds, and one at the end', async () => {
  const { code, stdout, stderr } = await node([program, 'slow']);
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'done\n' });
  expect(stderr).toMatch(/^work: [1-9]\d*\/64 \(\d+ %\), [\d.]+\/s, \d+s left\nwork: 64\/64 \(100 %\), [\d.]+\/s\n$/);
});

test('elsewhere failures and items that nobody has counted are lines, too', async () => {
  expect((await node([program, 'failing'])).stderr).toMatch(/^failOdd: 4\/4 \(100 %\), 2 failed, [\d.]+\/s\n$/);
  expect((await node([program, 'open'])).stderr).toMatch(/^known: 120\/120 .*\nopen: 120\/120 .*\n$/);
  expect(await node([program, 'never'])).toEqual({ code: 0, stdout: 'done\n', stderr: '' });
});

test('wrong options are errors of the call', async () => {
  await Pool.using({ processes: 1 }, async (pool) => {
    expect(() => pool.map(double, [1], { progress: 'yes' as never })).toThrow(
      'map: option "progress" takes true, false or an object, got "yes"',
    );
    expect(() => pool.starmap(double, [[1]], { progress: { lable: 'x' } as never })).toThrow(
      'starmap: option "progress": there is no option "lable"',
    );
    expect(() => pool.map(double, [1], { progress: { total: -1 } })).toThrow(
      'map: option "progress": option "total" takes an integer of at least 0, got -1',
    );
  });
});
