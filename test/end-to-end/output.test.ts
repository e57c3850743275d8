/** The output of tasks arrives, also with a slow reader, and however their processes end. No task fails because of its reader. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { withFile } from '../support/folder.ts';
import { type Gate, withGate } from '../support/gate.ts';
import { SlowPipe } from '../support/slow-pipe.ts';

const program = fileURLToPath(new URL('../fixtures/pool/programs/printer.mjs', import.meta.url));

/** A program whose messages on descriptor 3 the test reads. */
class Printer {
  readonly process: ChildProcess;
  readonly exited: Promise<unknown[]>;
  readonly #lines: AsyncIterator<string>;

  constructor(way: string, gate: Gate, stdout: number | 'ignore', stderr: number | 'inherit' = 'inherit') {
    const stdio = ['ignore' as const, stdout, stderr, 'pipe' as const];
    this.process = spawn(process.execPath, [program, way, String(gate.port)], { stdio, timeout: 25_000 });
    this.exited = once(this.process, 'exit');
    this.#lines = createInterface({ input: this.process.stdio[3] as Readable })[Symbol.asyncIterator]();
  }

  async says(): Promise<string | undefined> {
    const { value } = await this.#lines.next();
    return value;
  }
}

const printed = Array.from({ length: 400 }, (_, line) => `${`task ${line} `.padEnd(999, 'x')}\n`).join('');

/** The time in which a task would be answered if it did not wait for its output. */
const MAX_ANSWERING = 300;

test.each([
  ['a pool that is closed and joined', 'join'],
  ['a pool that is terminated at its end', 'using'],
  ['a pool that is never ended', 'forgotten'],
  ['a pool whose program exits', 'exit'],
  ['a process that has run its share of tasks', 'recycled'],
  ['a process that has nothing to do', 'idle'],
  ['a process that is replaced', 'replaced'],
  ['a task that has corked its stream', 'corked'],
  ['a module that has printed before', 'preloaded'],
  ['a pool that prints to stderr', 'stderr'],
  ['a Process', 'Process'],
  ['a Worker', 'Worker'],
])('all output of a task arrives before its result: %s', async (_what, way) => {
  await withGate(async (gate) => {
    const pipe = new SlowPipe();
    const isStderr = way === 'stderr';
    const printer = new Printer(way, gate, isStderr ? 'ignore' : pipe.writer, isStderr ? pipe.writer : 'inherit');
    pipe.closeWriter();
    const answer = printer.says();
    await gate.arrived(1);
    gate.open();
    // No event reports that nothing happens.
    expect(await Promise.race([answer, sleep(MAX_ANSWERING)])).toBeUndefined();
    expect(await pipe.read()).toBe((way === 'preloaded' ? 'preloaded\n' : '') + printed);
    expect(await answer).toBe('task is answered');
    expect(await printer.exited).toEqual([0, null]);
  });
});

test.each(['corked', 'corkedWorker'])('a task that never uncorks a file is answered: %s', async (way) => {
  await withGate(async (gate) => {
    await withFile(async (path) => {
      const file = openSync(path, 'w');
      const printer = new Printer(way, gate, file);
      closeSync(file);
      gate.open();
      expect(await printer.says()).toBe('task is answered');
      expect(await printer.exited).toEqual([0, null]);
      expect(readFileSync(path, 'utf8')).toBe(printed);
    });
  });
});

test('a time limit, and the end of the pool, do not wait for a reader', async () => {
  await withGate(async (gate) => {
    const pipe = new SlowPipe();
    const printer = new Printer('limited', gate, pipe.writer);
    pipe.closeWriter();
    gate.open();
    expect(await printer.says()).toBe('TaskTimeoutError');
    expect(await printer.says()).toBe('joined');
    expect(await printer.exited).toEqual([0, null]);
    pipe.leave();
  });
});

test('terminate does not wait for a reader', async () => {
  await withGate(async (gate) => {
    const pipe = new SlowPipe();
    const printer = new Printer('terminated', gate, pipe.writer);
    pipe.closeWriter();
    expect(await printer.says()).toBe('started');
    await gate.arrived(1);
    gate.open();
    printer.process.kill('SIGUSR2');
    expect(await printer.says()).toBe('PoolTerminatedError');
    expect(await printer.says()).toBe('joined');
    expect(await printer.exited).toEqual([0, null]);
    pipe.leave();
  });
});

test('a closed reader does not fail tasks', async () => {
  await withGate(async (gate) => {
    const pipe = new SlowPipe();
    const printer = new Printer('unread', gate, pipe.writer, pipe.writer);
    pipe.closeWriter();
    pipe.leave();
    expect(await printer.says()).toBe('20 are answered');
    expect(await printer.says()).toBe('done');
    expect(await printer.exited).toEqual([0, null]);
  });
});

test('a full disk does not fail tasks', async () => {
  await withGate(async (gate) => {
    const full = openSync('/dev/full', 'w');
    const printer = new Printer('unread', gate, full, full);
    closeSync(full);
    expect(await printer.says()).toBe('20 are answered');
    expect(await printer.says()).toBe('done');
    expect(await printer.exited).toEqual([0, null]);
  });
});

const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux('a terminal that closes fails no task (which needs Linux, and its "script")', async () => {
  const shell = `exec '${process.execPath}' '${program}' hungUp`;
  const args = ['--quiet', '--command', shell, '/dev/null'];
  const terminal = spawn('script', args, { stdio: ['pipe', 'ignore', 'inherit', 'pipe'], timeout: 25_000 });
  const lines = createInterface({ input: terminal.stdio[3] as Readable })[Symbol.asyncIterator]();
  expect(await lines.next()).toEqual({ done: false, value: 'printed' });
  terminal.kill('SIGKILL');
  expect(await lines.next()).toEqual({ done: false, value: '20 are answered' });
  expect(await lines.next()).toEqual({ done: false, value: 'done' });
  expect(await lines.next()).toEqual({ done: true, value: undefined });
});
