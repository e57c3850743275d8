import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { isRunning } from './alive.ts';
import { node, type Run } from './run.ts';

const programs = fileURLToPath(new URL('../fixtures/pool/programs/', import.meta.url));

/**
 * Runs a program of test/fixtures/pool/programs to its end, and to that of all its children: they print to the same
 * pipes, which end only when the last of them has exited.
 */
export function runProgram(name: string, args: string[] = [], flags: string[] = []): Promise<Run> {
  return node([...flags, programs + name, ...args], { cwd: programs, timeout: 20_000 });
}

/** A program that runs until the test ends it. Its children print their process ids, one a line. */
export class Program {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;
  readonly #exited: Promise<[code: number | null, signal: NodeJS.Signals | null]>;
  readonly #pids: number[] = [];

  /** Runs the body with the program, and kills the remaining processes afterwards, even after a failure. */
  static async using(name: string, args: string[], body: (program: Program) => Promise<void>): Promise<void> {
    const program = new Program(name, args);
    try {
      await body(program);
    } finally {
      program.#process.kill('SIGKILL');
      for (const pid of program.#pids.filter(isRunning)) process.kill(pid, 'SIGKILL');
    }
  }

  private constructor(name: string, args: string[]) {
    this.#process = spawn(process.execPath, [programs + name, ...args], { stdio: ['pipe', 'pipe', 'ignore'] });
    this.#exited = once(this.#process, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  get isRunning(): boolean {
    return isRunning(this.#process.pid as number);
  }

  /** Reads process ids from the next lines, and checks that the processes are running. */
  async readPids(count: number): Promise<number[]> {
    const pids: number[] = [];
    while (pids.length < count) {
      const { value, done } = await this.#lines.next();
      if (done) throw new Error(`the program ended after it had printed ${pids.length} lines of ${count}`);
      pids.push(Number(value));
    }
    this.#pids.push(...pids);
    expect(pids.every(isRunning)).toBe(true);
    return pids;
  }

  /** The next line of its output. */
  async readLine(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('the program has printed nothing more');
    return value;
  }

  tell(what: string): void {
    this.#process.stdin.write(what);
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Resolves to its exit code, or the signal that ended it. Its children may still be running. */
  async ended(): Promise<number | string | null> {
    const [code, signal] = await this.#exited;
    return code ?? signal;
  }
}
