import { createServer, type Server, type Socket } from 'node:net';
import { Channel } from '../../ipc/channel.js';
import type { ToChild, ToParent } from '../../ipc/messages.js';
import type { Receiver } from '../../ipc/onread.js';
import { readPipe } from '../../read-pipe.js';
import { clearTimeout, setImmediate, setTimeout } from '../../util/clock.js';
import { HANDSHAKE_TIME, welcomeClient } from '../handshake.js';
import { Client } from './client.js';
import type { Objects } from './objects.js';

/** Lets processes that know the key use the objects. */
export function listen(path: string, key: Uint8Array, objects: Objects): Server {
  return createServer({ pauseOnConnect: true }, (socket) => accept(socket, key, objects)).listen(path);
}

function accept(socket: Socket, key: Uint8Array, objects: Objects): void {
  let receiver: Receiver;
  const stream = readPipe(
    socket,
    () => receiver,
    () => {},
  );
  const drop = () => stream.destroy();
  let isProven = false;
  // If it was this process that was busy, the proof is there: it is read before the turn of what is set now.
  const dropUnproven = () => setImmediate(() => isProven || drop());
  const timer = setTimeout(dropUnproven, HANDSHAKE_TIME);
  stream.on('error', () => {});
  stream.once('close', () => clearTimeout(timer));
  const onProven = () => {
    isProven = true;
    clearTimeout(timer);
    receiver = serve(stream, objects);
  };
  receiver = welcomeClient(key, (bytes) => stream.write(bytes), onProven, drop);
  // It was accepted without being read, which leaves room to read it another way.
  stream.resume();
}

function serve(stream: Socket, objects: Objects): Channel<ToChild, ToParent> {
  const client = new Client(objects, false, () => channel);
  const channel: Channel<ToChild, ToParent> = new Channel<ToChild, ToParent>(stream, {
    onMessages: (messages) => client.accept(messages),
    onDrain() {},
    // Also for bytes that make no sense: they end this connection, not the server.
    onEnd: () => client.leave(),
  });
  return channel;
}
