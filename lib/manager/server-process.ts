import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection } from '../connection.js';
import { ManagerClosedError } from '../errors.js';
import { hold, release } from '../keep-alive.js';
import { type Exit, type SpawnOptions, spawnChild } from '../spawn.js';
import { Calls } from './client/calls.js';
import { addConnection, removeConnection, type ServerAddress } from './client/connections.js';
import { KEY_SIZE } from './handshake.js';
import type { ServerOptions } from './server-options.js';

/** A path of a socket can't be longer than this on any system that has them. */
const MAX_PATH = 103;

/** The process that keeps the objects of a manager, and the manager's own connection to it. */
export class ServerProcess {
  readonly address: ServerAddress;
  readonly calls = new Calls();
  readonly #connection: Connection;
  readonly #ended: Promise<void>;

  constructor(spawn: SpawnOptions) {
    const key = process.getBuiltinModule('node:crypto').randomBytes(KEY_SIZE).toString('hex');
    // Only this user may enter it.
    const folder = mkdtempSync(join(chooseFolder(), 'aiomultiprocess-'));
    const path = process.platform === 'win32' ? toPipeName(folder) : join(folder, 'manager.sock');
    this.address = { folder, path, key };
    const start: ServerOptions = { ...this.address, name: 'manager', parent: process.pid, concurrency: 1 };
    try {
      this.#connection = new Connection(spawnChild(spawn, 'manager'), start, {
        onMessages: (messages) => this.calls.receive(messages),
        onRead() {},
        onDrain() {},
      });
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
    this.calls.open(this.#connection.channel);
    addConnection(path, this.calls);
    this.#ended = this.#connection.ended.then((exit) => {
      // It has done so itself, unless it was killed.
      rmSync(folder, { recursive: true, force: true });
      this.calls.close(createClosedError(exit));
      removeConnection(path);
    });
  }

  get pid(): number | undefined {
    return this.#connection.pid;
  }

  /** Ends the process. What waits for an answer rejects, in all processes. */
  async close(): Promise<void> {
    this.calls.close(new ManagerClosedError('close() was called'));
    this.#connection.end();
    hold();
    try {
      await this.#ended;
    } finally {
      release();
    }
  }
}

/** The folder for temporary files; another one if sockets cannot have so long a path. */
function chooseFolder(): string {
  const folder = tmpdir();
  const longest = join(folder, 'aiomultiprocess-XXXXXX', 'manager.sock');
  return process.platform !== 'win32' && Buffer.byteLength(longest) > MAX_PATH ? '/tmp' : folder;
}

/** Named pipes have no folders; the name of this one can't be guessed either. */
function toPipeName(folder: string): string {
  return `\\\\.\\pipe\\${folder.replaceAll(/[^\w-]/g, '-')}`;
}

function createClosedError({ exitCode, signal, error }: Exit): ManagerClosedError {
  if (error !== undefined) return new ManagerClosedError('its process could not be started', { cause: error });
  const how = signal === null ? `exited with code ${exitCode}` : `was killed by ${signal}`;
  return new ManagerClosedError(`its process ${how}`);
}
