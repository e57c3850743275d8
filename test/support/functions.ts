import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const fixtures = fileURLToPath(new URL('../fixtures/functions/', import.meta.url));

/** The output of send.mjs for one function. */
export type Sent = { address: unknown } | { error: { name: string; message: string } };

/** The output of receive.mjs for one function; `at` is the side that found the error. */
export interface Received {
  result?: unknown;
  at?: 'parent' | 'child';
  error?: { name: string; message: string; cause?: string };
}

/** The addresses of the exports of a fixture module, found in a separate parent process. */
export async function send(module: string, flags: string[] = []): Promise<Record<string, Sent>> {
  return JSON.parse(await runNode([...flags, 'send.mjs', module]));
}

/** Resolves addresses in a child process: the result of each function for (3, 4), or its error. */
export async function receive(
  sent: Record<string, Sent>,
  flags: string[] = [],
  options: NodeOptions = {},
): Promise<Record<string, Received>> {
  return JSON.parse(await runNode([...flags, join(fixtures, 'receive.mjs')], JSON.stringify(sent), options));
}

/** How a child differs from this process. By default it runs in the folder of the fixtures. */
interface NodeOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
}

/** Runs node and returns its output. */
export function runNode(args: string[], input = '', { cwd = fixtures, env = {} }: NodeOptions = {}): Promise<string> {
  // The child must not inherit the flags of Jest.
  const options = { cwd, env: { ...process.env, NODE_OPTIONS: '', ...env }, timeout: 20_000 };
  return new Promise((resolve, reject) => {
    const child = execFile(process.execPath, args, options, (error, stdout, stderr) =>
      error === null ? resolve(stdout) : reject(new Error(`${error.message}\n${stderr}`, { cause: error })),
    );
    // A program that reads no input may have exited.
    child.stdin?.on('error', () => {}).end(input);
  });
}
