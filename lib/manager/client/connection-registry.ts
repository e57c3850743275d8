import { ManagerClosedError } from '../../errors.js';
import { openGlobalState } from '../../util/global-state.js';
import type { ServerAddress } from '../protocol/endpoint.js';
import { connectToServer, MAX_ATTEMPTS } from './connect-to-server.js';
import { ManagerConnection } from './manager-connection.js';

/** One connection per manager, by the path of its socket. */
const connections = openGlobalState('managers', () => new Map<string, ManagerConnection>());

/** Adds the connection of a manager to its own server. */
export function addConnection(path: string, connection: ManagerConnection): void {
  connections.set(path, connection);
}

/** Removes the connection to a server that is gone. Objects that still refer to it get its error. */
export function removeConnection(path: string): void {
  connections.delete(path);
}

/** The connection to a server, which opens with the first call. */
export function getConnection(address: ServerAddress): ManagerConnection {
  const known = connections.get(address.path);
  if (known !== undefined) return known;
  let maxAttempts = MAX_ATTEMPTS;
  const connection: ManagerConnection = new ManagerConnection(() => {
    connectToServer(address, maxAttempts, {
      onOpen(channel) {
        maxAttempts = 1;
        connection.open(channel);
      },
      onMessages: (messages, onMapped) => connection.receive(messages, onMapped),
      onLost: (why) => connection.lose(new ManagerClosedError(why)),
      onGone(why) {
        removeConnection(address.path);
        connection.close(new ManagerClosedError(why));
      },
    });
  });
  connections.set(address.path, connection);
  return connection;
}
