import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { command, tasks } from './command.ts';

/** Starts `aiomultiprocess map` with open pipes. */
export function startMap(...args: string[]): ChildProcessByStdio<Writable, Readable, Readable> {
  const child = spawn(process.execPath, [command, 'map', ...args], { cwd: tasks, timeout: 25_000 });
  child.stdin.on('error', () => {});
  return child;
}
