import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The root of the repository, with a trailing slash. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

/** The exit and the output of a program. */
export interface Run {
  /** The exit code, or the name of the signal that ended it. */
  code: number | string;
  stdout: string;
  stderr: string;
}

/** Runs a program until it exits. Never rejects: the exit is part of the result. */
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
