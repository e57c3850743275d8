import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { readPipe } from '../../dist/lib/process/read-pipe.js';

/** Takes bytes like a channel: some are read directly into their own memory. */
class Receiver {
  readonly body = Buffer.alloc(300_000);
  filled = 0;
  straight = 0;
  reads = 0;

  getPlace(minimum: number): Uint8Array | undefined {
    return this.body.length - this.filled >= minimum ? this.body.subarray(this.filled) : undefined;
  }

  fill(count: number): void {
    this.filled += count;
    this.straight += count;
  }

  receive(chunk: Uint8Array): void {
    this.body.set(chunk, this.filled);
    this.filled += chunk.length;
  }
}

/** Sends its input back in capital letters, until the end. */
const echo = `
  const socket = new (require('node:net').Socket)({ fd: 3 });
  socket.on('data', (chunk) => socket.write(chunk.toString().toUpperCase()));
  socket.on('end', () => socket.end());
`;

function start(): { child: ChildProcess; pipe: Socket } {
  const child = spawn(process.execPath, ['-e', echo], { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] });
  return { child, pipe: child.stdio[3] as Socket };
}

/** Another version of Node.js may have another handle behind the pipe. */
function hideHandle(pipe: Socket): void {
  const { _handle: handle } = pipe as unknown as { _handle: object };
  Object.defineProperty(handle, 'useUserBuffer', { value: undefined });
}

test.each([
  ['a socket of its own', false],
  ['the pipe as it is', true],
])('the output of a child is read through %s', async (_way, hidden) => {
  const { child, pipe } = start();
  if (hidden) hideHandle(pipe);
  const receiver = new Receiver();
  const socket = readPipe(
    pipe,
    () => receiver,
    () => receiver.reads++,
  );
  const closed = [once(socket, 'close'), once(pipe, 'close'), once(child, 'close')];
  expect(socket === pipe).toBe(hidden || process.platform === 'win32');

  socket.write('abc'.repeat(100_000));
  while (receiver.filled < receiver.body.length) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(receiver.body.toString()).toBe('ABC'.repeat(100_000));
  expect(receiver.reads).toBeGreaterThan(0);
  expect(receiver.straight > 0).toBe(socket !== pipe);

  socket.end();
  await Promise.all(closed);
  expect(child.exitCode).toBe(0);
});
