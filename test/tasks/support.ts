import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const fixtures = fileURLToPath(new URL('../fixtures/tasks/', import.meta.url));

/** What send.mjs prints of one function. */
export type Sent = { address: unknown } | { error: { name: string; message: string } };

/** What receive.mjs prints of one function; `at` says which side found the mistake. */
export interface Received {
  result?: unknown;
  at?: 'parent' | 'child';
  error?: { name: string; message: string; cause?: string };
}

/** The addresses of what a module of the fixtures gives, from a parent process of its own. */
export async function send(module: string, flags: string[] = []): Promise<Record<string, Sent>> {
  return JSON.parse(await runNode([...flags, 'send.mjs', module]));
}

/** What a child process makes of the addresses: each function's result for (3, 4), or the error. */
export async function receive(
  sent: Record<string, Sent>,
  flags: string[] = [],
  options: NodeOptions = {},
): Promise<Record<string, Received>> {
  return JSON.parse(await runNode([...flags, join(fixtures, 'receive.mjs')], JSON.stringify(sent), options));
}

/** What a child differs in from this process; it runs in the folder of the fixtures unless told otherwise. */
interface NodeOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
}

/** Runs node and gives what it prints. */
export function runNode(args: string[], input = '', { cwd = fixtures, env = {} }: NodeOptions = {}): Promise<string> {
  // Jest's own flags are none of the child's business.
  const options = { cwd, env: { ...process.env, NODE_OPTIONS: '', ...env }, timeout: 20_000 };
  return new Promise((resolve, reject) => {
    const child = execFile(process.execPath, args, options, (error, stdout, stderr) =>
      error === null ? resolve(stdout) : reject(new Error(`${error.message}\n${stderr}`, { cause: error })),
    );
    child.stdin?.end(input);
  });
}
