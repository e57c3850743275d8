import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const programs = fileURLToPath(new URL('../fixtures/pool/programs/', import.meta.url));

/** A program of test/fixtures/pool/programs that leads a process group, like a service or a job of a shell. */
export class Group {
  readonly #leader: ChildProcessByStdio<null, Readable, null>;
  readonly #lines: AsyncIterator<string>;
  readonly #exited: Promise<[code: number | null, signal: NodeJS.Signals | null]>;

  /** Runs the body with the group, and kills the remaining processes of the group afterwards. */
  static async using<T>(
    name: string,
    args: readonly string[],
    body: (group: Group) => Promise<T>,
    launcher: readonly string[] = [],
  ): Promise<T> {
    const group = new Group([...launcher, process.execPath, programs + name, ...args]);
    try {
      return await body(group);
    } finally {
      try {
        group.signal('SIGKILL');
      } catch {
        // All processes of the group have exited.
      }
    }
  }

  private constructor([command = '', ...args]: string[]) {
    this.#leader = spawn(command, args, { cwd: programs, stdio: ['ignore', 'pipe', 'inherit'], detached: true });
    this.#exited = once(this.#leader, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
    this.#lines = createInterface({ input: this.#leader.stdout })[Symbol.asyncIterator]();
  }

  get pid(): number {
    return this.#leader.pid as number;
  }

  /** The next line of its output. */
  async readLine(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('the program has printed nothing more');
    return value;
  }

  /** The rest of its output and that of its children, until the last of them exits. */
  async readRest(): Promise<string[]> {
    const lines: string[] = [];
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done) return lines;
      lines.push(value);
    }
  }

  /** Sends a signal to all processes of the group. */
  signal(name: NodeJS.Signals): void {
    process.kill(-this.pid, name);
  }

  /** The exit code of its leader, or the signal that ended it. */
  async ended(): Promise<number | string | null> {
    const [code, signal] = await this.#exited;
    return code ?? signal;
  }
}
