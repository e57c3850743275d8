import { Pool } from 'aiomultiprocess';
import { double } from '../fixtures/pool/tasks.js';
import { renderScreen } from '../support/render-screen.ts';
import { node, root } from '../support/run.ts';
import { runInTerminal } from '../support/terminal.ts';

const program = `${root}test/fixtures/observe/programs/bars.mjs`;

/** The screen after the program, which must exit with code 0. */
async function screenOf(mode: string): Promise<string[]> {
  const { code, output } = await runInTerminal([process.execPath, program, mode]);
  expect(code).toBe(0);
  return renderScreen(output);
}

const onLinux = process.platform === 'linux' ? describe : describe.skip;

onLinux('in a terminal', () => {
  test('a bar reaches its end, with rate and remaining time', async () => {
    const { output } = await runInTerminal([process.execPath, program, 'one']);
    expect(renderScreen(output)).toEqual([
      expect.stringMatching(/^work █{24} 200\/200 \| \d+\/s \| 0s left$/),
      'done',
      '',
    ]);
    // It was also drawn in between.
    expect(output).toMatch(/work █+░+ [1-9]\d*\/200 \| \S+\/s \| \d+s left/);
  });

  test('a line for each process stands under the bar while the map runs', async () => {
    const { output } = await runInTerminal([process.execPath, program, 'processes']);
    // Its id, its age, its memory, and for how long it has had its first task.
    const line = /^ +\d+ +\d+s +\d+ MB {2}\d+s( and \d+ more)? {2}waiting\(400\)$/;
    const screens = output
      .split('waiting ')
      .map((_, at, parts) => renderScreen(parts.slice(0, at + 1).join('waiting ')));
    const drawn = screens.filter((lines) => lines.filter((each) => line.test(each)).length === 2);
    expect(drawn.length).toBeGreaterThan(0);
    expect(drawn.at(-1)?.[0]).toMatch(/^waiting [█░]{24} \d+\/12 /);
    // They leave with the map.
    expect(renderScreen(output)).toEqual([expect.stringMatching(/^waiting █{24} 12\/12 /), 'done', '']);
  });

  test('an argument takes no more than its line, with wide characters and with several lines', async () => {
    const { output } = await runInTerminal([process.execPath, program, 'texts']);
    const parts = output.split('\u001b').map((part) => part.replace(/^\[[\d;]*[A-Za-z]/, ''));
    const lines = parts.flatMap((part) => part.split(/\r?\n/)).filter((line) => line.includes('hold('));
    // Each of these characters takes two of the 100 columns.
    const widths = lines
      .filter((line) => line.includes('漢'))
      .map((line) => line.length + line.split(/[漢字]/).length - 1);
    expect(widths.length).toBeGreaterThan(0);
    expect(Math.max(...widths)).toBeLessThanOrEqual(100);
    expect(lines.some((line) => line.includes('hold(Error: one two at '))).toBe(true);
  });

  test('the lines of a pool stay until its last map with lines has ended', async () => {
    const { code, output } = await runInTerminal([process.execPath, program, 'crowd']);
    expect(code).toBe(0);
    expect(renderScreen(output)).toEqual([
      expect.stringMatching(/^crowd █{24} 1\/1 /),
      expect.stringMatching(/^crowd █{24} 60\/60 /),
      'done',
      '',
    ]);
  });

  test('the bars of concurrent maps are one below the other', async () => {
    expect(await screenOf('two')).toEqual([
      expect.stringMatching(/^first █{24} 200\/200 /),
      expect.stringMatching(/^second █{24} 3\/3 /),
      'done',
      '',
    ]);
  });

  test('items of unknown number are counted', async () => {
    expect(await screenOf('open')).toEqual([
      expect.stringMatching(/^known █{24} 120\/120 /),
      expect.stringMatching(/^open 120 \| \d+\/s \| 0s$/),
      'done',
      '',
    ]);
  });

  test('failures are counted, and a cancelled map leaves its bar where it was', async () => {
    expect((await screenOf('failing'))[0]).toMatch(/^failOdd █{24} 4\/4, 2 failed /);
    expect((await screenOf('cancelled'))[0]).toMatch(/^work ░{24} 0\/50 /);
  });

  test('many maps in succession do not fill the screen', async () => {
    const screen = await screenOf('many');
    expect(screen.filter((line) => line.startsWith('map ')).length).toBeLessThanOrEqual(11);
    expect(screen.find((line) => line.startsWith('long '))).toMatch(/█{24} 40\/40 /);
    expect(screen.slice(-2)).toEqual(['done', '']);
  });

  test('a custom format is used', async () => {
    expect(await screenOf('format')).toEqual(['<L> 200 of 200', 'done', '']);
  });

  test('the bar leaves the terminal in its normal state when the program exits', async () => {
    const { code, output } = await runInTerminal([process.execPath, program, 'exit']);
    expect(code).toBe(3);
    expect(output.endsWith('\r\n')).toBe(true);
    expectNoModes(output);
  });

  test('Ctrl-C ends the program as it does without a bar', async () => {
    const { code, output } = await runInTerminal([process.execPath, program, 'cancelled'], {
      after: '0/50',
      text: '\x03',
    });
    expect(code).toBe(130);
    expectNoModes(output);
  });

  test('a bar does not keep the program alive after its pool has ended', async () => {
    expect((await screenOf('forgotten')).slice(-2)).toEqual(['done', '']);
  });

  test('without the option nothing is drawn', async () => {
    expect(await runInTerminal([process.execPath, program, 'never'])).toEqual({ code: 0, output: 'done\r\n' });
  });
});

/** A hidden cursor, or disabled line wrapping, would outlive the program. */
function expectNoModes(output: string): void {
  expect(output).not.toContain('\x1b[?');
}

test('without a terminal progress is a line every few seconds, and one at the end', async () => {
  const { code, stdout, stderr } = await node([program, 'slow']);
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'done\n' });
  // One line in the time that the tasks take, and more if the machine is slow.
  const line = /work: \d+\/64 \(\d+ %\)(, [\d.]+\/s, \d+s left)?\n/;
  expect(stderr).toMatch(new RegExp(`^(${line.source})+work: 64/64 \\(100 %\\), [\\d.]+/s\\n$`));
});

test('without a terminal the lines count failures and items of unknown number', async () => {
  expect((await node([program, 'failing'])).stderr).toMatch(/^failOdd: 4\/4 \(100 %\), 2 failed, [\d.]+\/s\n$/);
  expect((await node([program, 'open'])).stderr).toMatch(/^known: 120\/120 .*\nopen: 120\/120 .*\n$/);
  expect((await node([program, 'processes'])).stderr).toMatch(/^waiting: 12\/12 \(100 %\), [\d.]+\/s\n$/);
  expect(await node([program, 'never'])).toEqual({ code: 0, stdout: 'done\n', stderr: '' });
});

test('invalid options make the call throw', async () => {
  await Pool.using({ processes: 1 }, async (pool) => {
    expect(() => pool.map(double, [1], { progress: 'yes' as never })).toThrow(
      'map: option "progress": expected true, false or an object, got "yes"',
    );
    expect(() => pool.starmap(double, [[1]], { progress: { lable: 'x' } as never })).toThrow(
      'starmap: option "progress": unknown option "lable"',
    );
    expect(() => pool.map(double, [1], { progress: { processes: 3 as never } })).toThrow(
      'map: option "progress": option "processes": expected true or false, got 3',
    );
    expect(() => pool.map(double, [1], { progress: { total: -1 } })).toThrow(
      'map: option "progress": option "total": expected an integer of at least 0, got -1',
    );
  });
});
