import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { node, type Run } from './run.ts';

const programs = fileURLToPath(new URL('../fixtures/pool/programs/', import.meta.url));

/**
 * Runs a program of test/fixtures/pool/programs to its end, and to that of all its children: they print to the same
 * pipes, which are at their end only when nobody holds them any more.
 */
export function runProgram(name: string, args: string[] = [], flags: string[] = []): Promise<Run> {
  return node([...flags, programs + name, ...args], { cwd: programs, timeout: 20_000 });
}

/** A program that is still running, and what it prints. */
export class Program {
  readonly process: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #ended: Promise<unknown>;

  constructor(name: string, args: string[] = []) {
    this.process = spawn(process.execPath, [programs + name, ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
    // 'close' comes when the program has ended and its pipes are at their end.
    this.#ended = once(this.process, 'close');
    this.#lines = createInterface({ input: this.process.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  }

  /** The numbers in the next line that it or a child prints. */
  async readNumbers(): Promise<number[]> {
    const { value } = await this.#lines.next();
    return String(value).match(/\d+/g)?.map(Number) ?? [];
  }

  /** Resolves when the program and all its children have ended, as {@link runProgram} does. */
  async ended(): Promise<void> {
    await this.#ended;
  }
}
