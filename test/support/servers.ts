import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findProgram } from './find-program.ts';

/** A real server that a test starts in a temporary folder, on a free port of this machine. */
export interface TestServer {
  readonly url: string;
  /** Kills it, as in a power failure; or ends it with another signal. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Restarts it with its saved data. */
  start(): Promise<void>;
  /** Stops all its processes, so that it holds its connections and does not answer, until {@link thaw}. */
  freeze(): void;
  thaw(): void;
  /** Deletes what it has saved. Call it between {@link kill} and {@link start}. */
  wipe(): void;
  /** Stops it, and removes its folder. */
  remove(): Promise<void>;
}

/** A redis-server that appends every write to a file before it answers. */
export async function startRedis(args: readonly string[] = []): Promise<TestServer> {
  const program = findRedis();
  const port = await findFreePort();
  return startServer(`redis://127.0.0.1:${port}`, port, (folder) =>
    spawn(
      program,
      ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'yes'].concat([
        '--appendfsync',
        'always',
        ...args,
      ]),
      { stdio: 'ignore' },
    ),
  );
}

/** A PostgreSQL server. It refuses to run as root, so it then runs as the user that its package creates. */
export async function startPostgres(): Promise<TestServer> {
  const bin = findPostgres();
  const port = await findFreePort();
  const asUser = process.getuid?.() === 0 ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups'] : [];
  const init = (folder: string) => {
    if (asUser.length > 0) execFileSync('chown', ['postgres', folder]);
    const [command = '', ...args] = [...asUser, join(bin, 'initdb'), '-D', join(folder, 'data'), '-U', 'test'];
    execFileSync(command, [...args, '--auth=trust', '--no-sync'], { stdio: 'ignore', cwd: '/' });
  };
  const run = (folder: string) => {
    const [command = '', ...args] = [...asUser, join(bin, 'postgres'), '-D', join(folder, 'data'), '-p', String(port)];
    // With the default settings, each statement is on disk before it is answered.
    return spawn(command, [...args, '-k', folder, '-h', '127.0.0.1'], { stdio: 'ignore', cwd: '/' });
  };
  return startServer(`postgres://test@127.0.0.1:${port}/postgres`, port, run, init);
}

async function startServer(
  url: string,
  port: number,
  run: (folder: string) => ChildProcess,
  init: (folder: string) => void = () => {},
): Promise<TestServer> {
  const folder = mkdtempSync(join(tmpdir(), 'aiomultiprocess-test-'));
  chmodSync(folder, 0o755);
  init(folder);
  let child: ChildProcess | undefined;
  let frozen: number[] = [];
  const server = {
    url,
    async start() {
      child = run(folder);
      await waitForPort(port, child);
    },
    async kill(signal: NodeJS.Signals = 'SIGKILL') {
      server.thaw();
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      child.kill(signal);
      await once(child, 'exit');
    },
    freeze() {
      if (child?.pid === undefined) return;
      // The parent first, which then starts no further processes.
      process.kill(child.pid, 'SIGSTOP');
      frozen = [child.pid, ...childrenOf(child.pid)];
      signalAll(frozen, 'SIGSTOP');
    },
    thaw() {
      signalAll(frozen.splice(0), 'SIGCONT');
    },
    wipe() {
      for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
      init(folder);
    },
    async remove() {
      await server.kill();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
  await server.start();
  return server;
}

/** The processes of a PostgreSQL server lead process groups of their own, so no signal reaches all of them. */
function childrenOf(pid: number): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((each) => {
    try {
      return Number(/^\d+ \(.*\) . (\d+)/s.exec(readFileSync(`/proc/${each}/stat`, 'utf8'))?.[1]) === pid;
    } catch {
      return false;
    }
  });
}

function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has exited.
    }
  }
}

/** A port of this machine that was free a moment ago. */
export async function findFreePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function waitForPort(port: number, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if (child.exitCode !== null) throw new Error(`the server ended with code ${child.exitCode} as it started`);
    const socket = connect(port, '127.0.0.1');
    const connected = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (connected) return;
    await sleep(50);
  }
  throw new Error(`the server does not listen on port ${port}`);
}

export function findRedis(): string {
  return findProgram('redis-server', 'redis-server');
}

/** The folder of its programs, which Debian does not add to the `PATH`. */
function findPostgres(): string {
  return dirname(findProgram('initdb', 'postgresql', listPostgresFolders));
}

function listPostgresFolders(): string[] {
  const root = '/usr/lib/postgresql';
  return existsSync(root) ? readdirSync(root).map((version) => join(root, version, 'bin')) : [];
}
