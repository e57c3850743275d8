import { execFile } from 'node:child_process';
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
  env: NodeJS.ProcessEnv = {},
): Promise<Record<string, Received>> {
  return JSON.parse(await runNode([...flags, 'receive.mjs'], JSON.stringify(sent), env));
}

/** Runs node in the folder of the fixtures and gives what it prints. */
export function runNode(args: string[], input = '', variables: NodeJS.ProcessEnv = {}): Promise<string> {
  // Jest's own flags are none of the child's business.
  const env = { ...process.env, NODE_OPTIONS: '', ...variables };
  return new Promise((resolve, reject) => {
    const child = execFile(process.execPath, args, { cwd: fixtures, env, timeout: 20_000 }, (error, stdout, stderr) =>
      error === null ? resolve(stdout) : reject(new Error(`${error.message}\n${stderr}`, { cause: error })),
    );
    child.stdin?.end(input);
  });
}
