import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type Run, root } from './run.ts';

/** The built command. */
export const command = `${root}dist/bin/aiomultiprocess.js`;

/** The folder of the functions that the command runs. */
export const tasks = fileURLToPath(new URL('../fixtures/bin/', import.meta.url));

/** Runs `aiomultiprocess` until it exits, with a text as its stdin. */
export async function aiomultiprocess(args: string[], input = '', cwd = tasks): Promise<Run> {
  const child = spawn(process.execPath, [command, ...args], { cwd, timeout: 25_000, killSignal: 'SIGKILL' });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  // The command may exit before it has read all its input.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [code, signal] = await once(child, 'close');
  return { code: code ?? signal, stdout, stderr };
}

/** Runs `aiomultiprocess map`, with one process unless the arguments say otherwise. */
export function map(args: string[], input = '', cwd = tasks): Promise<Run> {
  const processes = args.includes('-p') ? [] : ['-p', '1'];
  return aiomultiprocess(['map', ...args, ...processes], input, cwd);
}

/** The numbers from 1 to `last`, one a line. */
export function countTo(last: number): string {
  return Array.from({ length: last }, (_, index) => `${index + 1}\n`).join('');
}

/** Parses JSON lines. */
export function valuesOf(text: string): unknown[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}
