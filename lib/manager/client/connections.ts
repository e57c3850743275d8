import { ManagerClosedError } from '../../errors.js';
import type { Endpoint } from '../endpoint.js';
import { Calls } from './calls.js';
import { connectToServer, MAX_ATTEMPTS } from './connect.js';

/** Where the server of a manager is, and what one must know to talk to it. */
export interface ServerAddress extends Endpoint {
  key: string;
}

const KEY = Symbol.for('aiomultiprocess.managers');

/**
 * One connection for each manager, by its path. They are kept on `globalThis`: a program may load the package a second
 * time in a process, and has one connection all the same.
 */
const connections = openConnections();

function openConnections(): Map<string, Calls> {
  const existing: Map<string, Calls> | undefined = Reflect.get(globalThis, KEY);
  const opened = existing ?? new Map<string, Calls>();
  if (existing === undefined) Reflect.defineProperty(globalThis, KEY, { value: opened });
  return opened;
}

/** The connection of a manager to its own server. */
export function addConnection(path: string, calls: Calls): void {
  connections.set(path, calls);
}

/** The server is gone. What is still called by way of objects that have the connection fails as it should. */
export function removeConnection(path: string): void {
  connections.delete(path);
}

/** The connection to a server; it is made with the first call. */
export function getConnection(address: ServerAddress): Calls {
  const known = connections.get(address.path);
  if (known !== undefined) return known;
  let maxAttempts = MAX_ATTEMPTS;
  const calls: Calls = new Calls(() => {
    connectToServer(address, maxAttempts, {
      onOpen(channel) {
        maxAttempts = 1;
        calls.open(channel);
      },
      onMessages: (messages) => calls.receive(messages),
      onLost: (why) => calls.lose(new ManagerClosedError(why)),
      onGone(why) {
        removeConnection(address.path);
        calls.close(new ManagerClosedError(why));
      },
    });
  });
  connections.set(address.path, calls);
  return calls;
}
