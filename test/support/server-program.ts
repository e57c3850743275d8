import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { root } from './run.ts';

/** A program that prints the address under which it listens, and runs until it gets a signal. */
export class ServerProgram {
  readonly url: string;
  readonly exited: Promise<[code: number | null, signal: NodeJS.Signals | null]>;
  readonly #process: ChildProcessByStdio<null, Readable, null>;

  /** Runs the body with a server, and kills it afterwards if it is still running. */
  static async using(path: string, env: object, body: (server: ServerProgram) => Promise<void>): Promise<void> {
    const process = spawn(globalThis.process.execPath, [root + path], {
      env: { ...globalThis.process.env, PORT: '0', ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const lines = createInterface({ input: process.stdout });
      const [url] = await Promise.race([once(lines, 'line'), once(process, 'exit').then(() => [])]);
      if (url === undefined) throw new Error(`${path} exited before it listened`);
      await body(new ServerProgram(process, url));
    } finally {
      process.kill('SIGKILL');
    }
  }

  private constructor(process: ChildProcessByStdio<null, Readable, null>, url: string) {
    this.#process = process;
    this.url = url;
    this.exited = once(process, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  }

  get pid(): number {
    return this.#process.pid as number;
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** The status and the parsed body of an answer. */
  async get(path: string, init: RequestInit = {}): Promise<[status: number, body: unknown]> {
    const response = await fetch(this.url + path, init);
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json');
    return [response.status, isJson ? JSON.parse(text) : text];
  }

  post(path: string, body: object): Promise<[status: number, body: unknown]> {
    return this.get(path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    });
  }
}
