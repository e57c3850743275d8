import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { HostStats } from 'aiomultiprocess/distributed';
import { root } from './run.ts';

/** The modules of test/fixtures/distributed/ that hosts offer. */
export const fixtures = fileURLToPath(new URL('../fixtures/', import.meta.url));

/** A host in a separate process, as on another machine. */
export class HostProcess {
  /** The lines of its output. */
  readonly lines: string[] = [];
  readonly exited: Promise<number | string | null>;
  readonly #child: ChildProcess;
  readonly #ready: Promise<void>;

  /** @param nodeArgs - options of Node.js, which its child processes inherit. */
  constructor(
    queue: string,
    url: string,
    args: readonly string[] = [],
    modules: readonly string[] = DEFAULT_MODULES,
    nodeArgs: readonly string[] = [],
  ) {
    const command = [
      ...nodeArgs,
      `${root}dist/bin/aiomultiprocess.js`,
      'host',
      '--queue',
      queue,
      '--connection',
      url,
      ...QUICK,
    ];
    const all = [...command, ...args, ...modules];
    this.#child = spawn(process.execPath, all, { cwd: root, stdio: ['ignore', 'ignore', 'pipe'], detached: true });
    this.exited = once(this.#child, 'exit').then(([code, signal]) => signal ?? code);
    this.#ready = new Promise((resolve, reject) => {
      createInterface({ input: this.#child.stderr as NonNullable<ChildProcess['stderr']> }).on('line', (line) => {
        this.lines.push(line);
        if (line.includes(' runs tasks of the queue ')) resolve();
      });
      void this.exited.then((code) => reject(new Error(`the host ended with ${code}\n${this.lines.join('\n')}`)));
    });
    this.#ready.catch(() => {});
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  ready(): Promise<void> {
    return this.#ready;
  }

  /** The answer of its `--port`. */
  async stats(): Promise<HostStats> {
    const [, port] = /; port (\d+)$/.exec(this.lines.find((line) => line.includes('; port ')) ?? '') ?? [];
    return (await fetch(`http://127.0.0.1:${port}/healthz`)).json() as Promise<HostStats>;
  }

  /** Sends a signal to the host and its processes, as systemd does. */
  signalGroup(signal: NodeJS.Signals): Promise<number | string | null> {
    process.kill(-this.pid, signal);
    return this.exited;
  }

  /** Stops the host and its processes for a time, like a machine that is suspended. */
  async suspend(milliseconds: number): Promise<void> {
    process.kill(-this.pid, 'SIGSTOP');
    await sleep(milliseconds);
    process.kill(-this.pid, 'SIGCONT');
  }

  async end(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | string | null> {
    this.#child.kill(signal);
    return this.exited;
  }
}

/** Dead hosts are detected within a second or two, and each host has one process. */
const QUICK = ['--lock-duration', '1s', '--stalled-interval', '500', '--processes', '1', '--grace-period', '5s'];

const DEFAULT_MODULES = [
  'distributed/tasks.js',
  'pool/tasks.js',
  'pool/failing.js',
  'pool/gate.js',
  'pool/limited.js',
  'pool/current.js',
].map((name) => `${fixtures}${name}`);

/** Options of Node.js for a program whose clock is wrong. */
export function skewClock(milliseconds: number): string[] {
  return ['--import', `${new URL('./skew-clock.mjs', import.meta.url)}?milliseconds=${milliseconds}`];
}

/** Starts hosts, and waits until they accept tasks. */
export async function startHosts(count: number, queue: string, url: string, args?: string[]): Promise<HostProcess[]> {
  const hosts = Array.from({ length: count }, () => new HostProcess(queue, url, args));
  await Promise.all(hosts.map((host) => host.ready()));
  return hosts;
}
