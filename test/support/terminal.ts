import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { root } from './run.ts';

/** The characters that the keys send. */
export const CTRL_C = '\x03';
export const CTRL_D = '\x04';

/**
 * A program in a terminal of its own, created by `script` of util-linux, which every Debian has. As for a person, the terminal
 * turns keys into signals to all foreground processes.
 */
export class Terminal {
  readonly #script: ChildProcessByStdio<Writable, Readable, null>;
  readonly #exited: Promise<[number | null, NodeJS.Signals | null]>;
  #shown = '';
  #onShown = (): void => {};

  /** @param shell - the command that runs in it. */
  constructor(shell: string, cwd: string) {
    if (spawnSync('script', ['--version']).status !== 0) {
      throw new Error('this test needs a terminal, and makes one with "script" of util-linux, which is not installed');
    }
    this.#script = spawn('script', ['--quiet', '--return', '--flush', '--command', shell, '/dev/null'], {
      cwd,
      stdio: ['pipe', 'pipe', 'inherit'],
      timeout: 25_000,
      killSignal: 'SIGKILL',
    });
    this.#exited = once(this.#script, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
    this.#script.stdin.on('error', () => {});
    this.#script.stdout.setEncoding('utf8').on('data', (text) => {
      this.#shown += text;
      this.#onShown();
    });
  }

  /** Everything that the terminal has received. */
  get shown(): string {
    return this.#shown;
  }

  type(keys: string): void {
    this.#script.stdin.write(keys);
  }

  /** Waits until the terminal has shown a text this many times. */
  async shows(text: string, times = 1): Promise<void> {
    while (this.#shown.split(text).length <= times) {
      await Promise.race([
        new Promise<void>((resolve) => {
          this.#onShown = resolve;
        }),
        this.#exited.then(() => {
          throw new Error(`the program has ended and did not show ${JSON.stringify(text)}, but ${this.#shown}`);
        }),
      ]);
    }
  }

  /** The exit code of the command. */
  async ended(): Promise<number | null> {
    const [code] = await this.#exited;
    this.#script.stdin.destroy();
    return code;
  }
}

/** Runs a program in a terminal of 100 columns, and returns everything that the terminal received. */
export async function runInTerminal(
  command: readonly string[],
  typing?: { after: string; text: string },
): Promise<{ code: number | null; output: string }> {
  const words = command.map((word) => `'${word}'`).join(' ');
  const terminal = new Terminal(`stty cols 100 rows 30; TERM=xterm exec ${words}`, root);
  if (typing !== undefined) {
    await terminal.shows(typing.after);
    terminal.type(typing.text);
  }
  const code = await terminal.ended();
  return { code, output: terminal.shown };
}
