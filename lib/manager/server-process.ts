import { Connection } from '../connection.js';
import { ManagerClosedError } from '../errors.js';
import { hold, release } from '../keep-alive.js';
import { type Exit, type SpawnOptions, spawnChild } from '../spawn.js';
import { Calls } from './client/calls.js';
import { addConnection, removeConnection, type ServerAddress } from './client/connections.js';
import { createEndpoint, removeEndpoint } from './endpoint.js';
import { KEY_SIZE } from './handshake.js';
import type { ServerOptions } from './server-options.js';

/** The process that keeps the objects of a manager, and the manager's own connection to it. */
export class ServerProcess {
  readonly address: ServerAddress;
  readonly calls = new Calls();
  readonly #connection: Connection;
  readonly #ended: Promise<void>;

  constructor(spawn: SpawnOptions) {
    const key = process.getBuiltinModule('node:crypto').randomBytes(KEY_SIZE).toString('hex');
    const child = spawnChild(spawn, 'manager');
    try {
      this.address = { ...createEndpoint(child.pid), key };
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
    const start: ServerOptions = { ...this.address, name: 'manager', parent: process.pid, concurrency: 1 };
    this.#connection = new Connection(child, start, {
      onMessages: (messages) => this.calls.receive(messages),
      onRead() {},
      onDrain() {},
    });
    this.calls.open(this.#connection.channel);
    addConnection(this.address.path, this.calls);
    this.#ended = this.#connection.ended.then((exit) => {
      // It has done so itself, unless it was killed.
      removeEndpoint(this.address);
      this.calls.close(createClosedError(exit));
      removeConnection(this.address.path);
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

function createClosedError({ exitCode, signal, error }: Exit): ManagerClosedError {
  if (error !== undefined) return new ManagerClosedError('its process could not be started', { cause: error });
  const how = signal === null ? `exited with code ${exitCode}` : `was killed by ${signal}`;
  return new ManagerClosedError(`its process ${how}`);
}
