import { existsSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { Channel } from '../../ipc/channel.js';
import type { ToChild, ToParent } from '../../ipc/messages.js';
import { createOnread, type Receiver } from '../../ipc/onread.js';
import { greetServer } from '../handshake.js';
import type { ServerAddress } from './connections.js';

/** A server that was started and does not listen yet is asked again after so many milliseconds, */
const PAUSE = 10;
/** but no longer than that. */
const MAX_START = 20_000;

/** What {@link connectToServer} tells its caller. */
export interface ConnectHandler {
  onOpen(channel: Channel<ToParent, ToChild>): void;
  onMessages(messages: ToParent[]): void;
  /** There is no connection, or no longer. */
  onClose(why: string): void;
}

/** Connects to a server that may not listen yet, for its objects can be sent before it has started. */
export function connectToServer(address: ServerAddress, handler: ConnectHandler): void {
  const deadline = performance.now() + MAX_START;
  attempt();

  function attempt(): void {
    openConnection(address, {
      ...handler,
      onClose(why, isMissing) {
        if (!isMissing) handler.onClose(why);
        else if (!existsSync(address.folder)) handler.onClose('its process is gone');
        else if (performance.now() > deadline) handler.onClose(`its process does not listen: ${why}`);
        else setTimeout(attempt, PAUSE).unref();
      },
    });
  }
}

interface AttemptHandler extends Omit<ConnectHandler, 'onClose'> {
  /** `isMissing`: there is nobody to connect to. */
  onClose(why: string, isMissing: boolean): void;
}

function openConnection({ path, key }: ServerAddress, handler: AttemptHandler): void {
  let receiver: Receiver;
  let why = 'its process is gone';
  let isMissing = false;
  const socket: Socket = connect({ path, onread: createOnread(() => receiver) as never });
  // Calls that wait for an answer hold the program, not the connection.
  socket.unref();
  socket.on('error', (error: NodeJS.ErrnoException) => {
    isMissing = error.code === 'ENOENT' || error.code === 'ECONNREFUSED';
    if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') why = error.message;
  });
  socket.on('close', () => handler.onClose(why, isMissing));
  receiver = greetServer(
    Buffer.from(key, 'hex'),
    (bytes) => socket.write(bytes),
    () => {
      const channel = new Channel<ToParent, ToChild>(socket, {
        onMessages: (messages) => handler.onMessages(messages),
        onDrain() {},
        onEnd(error) {
          if (error !== undefined) why = error.message;
        },
      });
      receiver = channel;
      handler.onOpen(channel);
    },
    (failure) => {
      why = `whoever listens at ${path}: ${failure}`;
      socket.destroy();
    },
  );
}
