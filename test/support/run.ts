import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The repository's root, with a slash at its end. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

/** How a program ended and what it printed. */
export interface Run {
  /** The exit code; the signal's name if one ended it. */
  code: number | string;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end. Never rejects: how it ended is the result. */
export function run(command: string, args: string[], options: { cwd?: string; timeout?: number } = {}): Promise<Run> {
  const { cwd = root, timeout = 25_000 } = options;
  return new Promise((resolve) => {
    execFile(command, args, { cwd, timeout, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
      resolve({ code: error ? (error.code ?? error.signal ?? 'unknown') : 0, stdout, stderr });
    });
  });
}

/** Runs `node` with these arguments. */
export function node(args: string[], options: { cwd?: string; timeout?: number } = {}): Promise<Run> {
  return run(process.execPath, args, options);
}
