import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import axe from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { findProgram } from './find-program.ts';
import { root } from './run.ts';

/** Opens the program that `CHROMIUM` names, or else Chromium. */
export async function openBrowser(): Promise<Browser> {
  const executablePath = process.env.CHROMIUM ?? findProgram('chromium', 'chromium');
  // The sandbox of Chromium does not run as root, and small /dev/shm are common in containers.
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'] });
}

/** A program with a dashboard, in a process of its own. */
export class WatchedProgram {
  /** The address that it has printed. */
  address = '';
  readonly lines: string[] = [];
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #exited: Promise<unknown>;
  readonly #output: Interface;

  static async start(port = 0): Promise<WatchedProgram> {
    const program = new WatchedProgram(port);
    await program.#readAddress();
    return program;
  }

  private constructor(port: number) {
    const args = [`${root}test/fixtures/dashboard/program.mjs`, String(port)];
    this.#child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#exited = once(this.#child, 'exit');
    this.#output = createInterface({ input: this.#child.stdout }).on('line', (line) => this.lines.push(line));
  }

  get port(): number {
    return Number(new URL(this.address).port);
  }

  async #readAddress(): Promise<void> {
    for await (const line of createInterface({ input: this.#child.stderr })) {
      const [, address] = /^dashboard: (\S+)$/.exec(line) ?? [];
      if (address === undefined) throw new Error(line);
      this.address = address;
      return;
    }
    throw new Error('the program has printed no address');
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Ends its input, and waits for its end. */
  async end(): Promise<void> {
    this.#child.stdin.end();
    await this.#exited;
    this.#output.close();
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }
}

/** The serious findings of axe in the page. */
export async function findAccessibilityProblems(page: Page, options: axe.RunOptions = {}): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(
    (given) => (globalThis as unknown as { axe: typeof axe }).axe.run({ ...given, resultTypes: ['violations'] }),
    options,
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join('\n')}`);
}
