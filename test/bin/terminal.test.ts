/** `aiomultiprocess map` in a real terminal, whose keys signal all foreground processes. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findSurvivors } from '../support/alive.ts';
import { command, tasks } from '../support/command.ts';
import { linesOf } from '../support/folder.ts';
import { CTRL_C, CTRL_D, Terminal } from '../support/terminal.ts';

const onLinux = process.platform === 'linux' ? describe : describe.skip;

let folder: string;
let log: string;
let output: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aiomultiprocess-test-'));
  log = join(folder, 'log');
  output = join(folder, 'output');
});
afterEach(() => rmSync(folder, { recursive: true }));

const map = (...args: string[]) => new Terminal(`'${process.execPath}' '${command}' map ${args.join(' ')}`, tasks);

/** Types items that take these times, and waits until all of them have started. */
async function begin(terminal: Terminal, ...milliseconds: number[]): Promise<number[]> {
  for (const each of milliseconds) terminal.type(`${log} ${each}\n`);
  let pids: string[] = [];
  while (pids.length < milliseconds.length) pids = await linesOf(log);
  return pids.map(Number);
}

onLinux('in a terminal (requires "script" on Linux)', () => {
  test('reads lines as they are typed, until Ctrl-D', async () => {
    const terminal = map('./tasks.js#double');
    await terminal.shows('reading the terminal; Ctrl-D ends the input');
    terminal.type('4\n');
    await terminal.shows('\n8\r\n');
    terminal.type(`5\n${CTRL_D}`);
    expect(await terminal.ended()).toBe(0);
    expect(terminal.shown).toMatch('10\r\n');
  });

  test('Ctrl-C once lets running items finish, and writes their results', async () => {
    const terminal = map('./tasks.js#begin', '--output', output);
    const pids = await begin(terminal, 10, 1500, 1000);
    terminal.type(CTRL_C);
    await terminal.shows('SIGINT: finishing');
    expect(await terminal.ended()).toBe(130);
    expect(readFileSync(output, 'utf8')).toBe('"ended"\n"ended"\n"ended"\n');
    expect(terminal.shown).toMatch('interrupted after 3 items');
    expect(await findSurvivors(pids)).toEqual([]);
  });

  test('shows the progress if the terminal does not show the results', async () => {
    const terminal = map('./tasks.js#begin', '--output', output);
    await begin(terminal, 10, 1500);
    await terminal.shows('begin 1 ');
    terminal.type(CTRL_C);
    expect(await terminal.ended()).toBe(130);
    expect(terminal.shown).toMatch('begin 2');
    const quiet = map('./tasks.js#double');
    quiet.type(`1\n${CTRL_D}`);
    expect(await quiet.ended()).toBe(0);
    expect(quiet.shown).not.toMatch('double 1');
  });

  test('--progress=processes shows a line for each process under the bar', async () => {
    const terminal = map('--progress=processes', './tasks.js#begin', '--output', output, '-p', '2');
    await begin(terminal, 3000, 3000);
    // The item comes last, and the process is the one that has printed its id.
    await terminal.shows(`begin('${log.slice(0, 12)}`);
    terminal.type(CTRL_D);
    expect(await terminal.ended()).toBe(0);
    expect(terminal.shown).toMatch(/ MB {2}\d+s {2}begin\('/);
    expect(terminal.shown).toMatch('begin 2');
    expect(readFileSync(output, 'utf8')).toBe('"ended"\n"ended"\n');
  });

  test('Ctrl-C twice stops at once', async () => {
    const terminal = map('./tasks.js#begin', '--output', output);
    const pids = await begin(terminal, 60_000, 60_000);
    terminal.type(CTRL_C);
    await terminal.shows('SIGINT: finishing 2 items');
    // An earlier second signal would count as an echo of the first.
    await sleep(300);
    terminal.type(CTRL_C);
    expect(await terminal.ended()).toBe(130);
    expect(readFileSync(output, 'utf8')).toBe('');
    expect(await findSurvivors(pids)).toEqual([]);
  });
});
