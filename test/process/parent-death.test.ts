import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { addressOf } from '../../dist/lib/functions/address/address.js';
import { Channel } from '../../dist/lib/ipc/channel.js';
import { findSetpriv, tieToParent } from '../../dist/lib/process/parent-death.js';
import { READY, RESULT, START, type ToChild, type ToParent } from '../../dist/lib/protocol/messages.js';
import { pid } from '../fixtures/pool/tasks.js';
import { runProgram } from '../support/program.ts';
import { root } from '../support/run.ts';

const onLinux = process.platform === 'linux' ? describe : describe.skip;

onLinux('setpriv', () => {
  const works = 'exit 0';
  /** Like that of busybox and older versions of util-linux. */
  const refuses = 'exit 1';
  const refusesSignal = '[ "$1 $2" != "--pdeathsig KILL" ]';
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'aiomultiprocess-test-'));
    const create = async (name: string, script: string, mode: number) => {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, 'setpriv'), `#!/bin/sh\n${script}\n`);
      await chmod(join(folder, name, 'setpriv'), mode);
    };
    await create('works', works, 0o755);
    await create('works-too', works, 0o755);
    await create('refuses', refuses, 0o755);
    await create('refuses-signal', refusesSignal, 0o755);
    await create('not-executable', works, 0o644);
    await mkdir(join(folder, 'none'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test.each([
    ['the first one that works', ['none', 'works', 'works-too'], 'works'],
    ['none that does not know the signal', ['refuses', 'refuses-signal', 'works'], 'works'],
    ['none that cannot be executed', ['not-executable', 'works'], 'works'],
    ['none, if none works', ['none', 'refuses'], undefined],
  ])('the found one is %s', (_which, names, taken) => {
    const found = findSetpriv(names.map((name) => join(folder, name)));
    expect(found).toBe(taken && join(folder, taken, 'setpriv'));
  });

  test('is not searched in relative folders, whose content depends on the working folder', () => {
    expect(findSetpriv(['', '.', relative(process.cwd(), join(folder, 'works'))])).toBeUndefined();
  });

  test('starts the command', () => {
    const command: [string, string] = ['node', 'main.js'];
    expect(tieToParent(command)).toEqual([expect.stringMatching(/\/setpriv$/), '--pdeathsig', 'KILL', ...command]);
  });

  test('saves the signal listeners with which the program would end its processes itself', async () => {
    expect(await runProgram('signal-listeners.mjs')).toMatchObject({ code: 0, stdout: '[]\n[]\n', stderr: '' });
  });
});

test.each([
  ['runs what its parent asks for', () => process.pid, true],
  ['ends without running what a parent asked for that has died since', () => process.ppid, false],
])('a child %s', async (_what, parent, runs) => {
  const child = spawn(process.execPath, [`${root}dist/lib/child/main.cjs`], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  });
  const socket = child.stdio[3] as Socket;
  const received: ToParent[] = [];
  const ended = new Promise<void>((resolve) => {
    const channel = new Channel<ToParent, ToChild>(socket, {
      onMessages: (messages) => void received.push(...messages),
      onDrain() {},
      onEnd: () => resolve(),
    });
    socket.on('data', (chunk: Uint8Array) => channel.receive(chunk));
    const target = addressOf(pid, 'target');
    channel.post([START, { name: 'child', parent: parent(), concurrency: 1, target, reportResult: true }]);
    channel.flush();
  });
  const [[code]] = await Promise.all([once(child, 'exit'), ended]);
  expect(received).toEqual(
    runs
      ? [
          [READY, expect.any(Number), false],
          [RESULT, 0, [child.pid]],
        ]
      : [],
  );
  expect(code).toBe(0);
});
