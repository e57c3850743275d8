import { createServer, type Server, type Socket } from 'node:net';
import { Channel, type ChannelHandler } from '../../ipc/channel.js';
import type { Receiver } from '../../ipc/onread.js';
import { readPipe } from '../../process/read-pipe.js';
import type { ToChild, ToParent } from '../../protocol/messages.js';
import { clearTimeout, setImmediate, setTimeout } from '../../util/clock.js';
import { HANDSHAKE_TIME, welcomeClient } from '../protocol/handshake.js';
import { ConnectedClient } from './connected-client.js';
import type { ObjectRegistry } from './object-registry.js';

/** Accepts connections, and serves those that prove that they know the key. */
export function listen(path: string, key: Uint8Array, objects: ObjectRegistry): Server {
  return createServer({ pauseOnConnect: true }, (socket) => accept(socket, key, objects)).listen(path);
}

function accept(socket: Socket, key: Uint8Array, objects: ObjectRegistry): void {
  let receiver: Receiver;
  const stream = readPipe(
    socket,
    () => receiver,
    () => {},
  );
  const drop = () => stream.destroy();
  let isProven = false;
  // If this process was busy, the proof may have arrived already: it is read before this immediate runs.
  const dropUnproven = () => setImmediate(() => isProven || drop());
  const timer = setTimeout(dropUnproven, HANDSHAKE_TIME);
  stream.on('error', () => {});
  stream.once('close', () => clearTimeout(timer));
  const onProven = () => {
    isProven = true;
    clearTimeout(timer);
    receiver = serve(stream, objects);
  };
  receiver = welcomeClient({ key, write: (bytes) => stream.write(bytes), onProven, onFailure: drop });
  // The socket was accepted paused, so that `readPipe` could replace how it is read.
  stream.resume();
}

function serve(stream: Socket, objects: ObjectRegistry): Channel<ToChild, ToParent> {
  const client = new ConnectedClient(objects, false, () => channel);
  const handler: ChannelHandler<ToChild> = {
    onMessages: (messages) => client.accept(messages),
    onDrain() {},
    // Also called for invalid bytes, which end this connection and not the server.
    onEnd: () => client.disconnect(),
  };
  const channel: Channel<ToChild, ToParent> = new Channel<ToChild, ToParent>(stream, handler, client.memory);
  return channel;
}
