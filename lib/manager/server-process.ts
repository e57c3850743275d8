import { ManagerClosedError } from '../errors.js';
import { Connection } from '../process/connection.js';
import type { ReadSpawnOptions } from '../process/options.js';
import { type Exit, spawnChild } from '../process/spawn.js';
import { DEFAULT_BLOCKS } from '../shared-memory/mapped-blocks.js';
import { holdUntil } from '../util/keep-alive.js';
import { addConnection, removeConnection } from './client/connection-registry.js';
import { ManagerConnection } from './client/manager-connection.js';
import { createEndpoint, removeEndpoint, type ServerAddress, type ServerOptions } from './protocol/endpoint.js';
import { KEY_SIZE } from './protocol/handshake.js';

/** The process that holds the objects of a manager, and the manager's own connection to it. */
export class ServerProcess {
  readonly address: ServerAddress;
  readonly connection = new ManagerConnection();
  readonly #process: Connection;
  readonly #ended: Promise<void>;

  constructor(spawn: ReadSpawnOptions) {
    const key = process.getBuiltinModule('node:crypto').randomBytes(KEY_SIZE).toString('hex');
    const child = spawnChild(spawn, 'manager');
    try {
      this.address = { ...createEndpoint(child.pid), key };
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
    const start: ServerOptions = { ...this.address, name: 'manager', parent: process.pid, concurrency: 1 };
    this.#process = new Connection(child, start, {
      onMessages: (messages) => this.connection.receive(messages, (isOpen) => this.#process.onMapped(isOpen)),
      onRead() {},
      onDrain() {},
    });
    this.#process.shareMemory(DEFAULT_BLOCKS);
    this.connection.open(this.#process.channel);
    addConnection(this.address.path, this.connection);
    this.#ended = this.#process.ended.then((exit) => {
      // The server removes it when it exits, but not when it is killed.
      removeEndpoint(this.address);
      this.connection.close(createClosedError(exit));
      removeConnection(this.address.path);
    });
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Ends the process. Pending calls reject, in every process. */
  async close(): Promise<void> {
    this.connection.close(new ManagerClosedError('close() was called'));
    this.#process.end();
    await holdUntil(this.#ended);
  }
}

function createClosedError({ exitCode, signal, error }: Exit): ManagerClosedError {
  if (error !== undefined) return new ManagerClosedError('its process could not be started', { cause: error });
  const how = signal === null ? `exited with code ${exitCode}` : `was killed by ${signal}`;
  return new ManagerClosedError(`its process ${how}`);
}
