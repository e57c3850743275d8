import { connect, type Socket } from 'node:net';
import { Channel, type ChannelHandler } from '../../ipc/channel.js';
import { createOnread, type Receiver } from '../../ipc/onread.js';
import type { ToChild, ToParent } from '../../protocol/messages.js';
import { DEFAULT_BLOCKS } from '../../shared-memory/mapped-blocks.js';
import { createOfferedMemory } from '../../shared-memory/offer-memory.js';
import { performance, setTimeout } from '../../util/clock.js';
import { isServerAlive, type ServerAddress } from '../protocol/endpoint.js';
import { greetServer, HANDSHAKE_TIME } from '../protocol/handshake.js';

/** The time between two attempts to reach a server that does not listen yet, in milliseconds. */
const RETRY_DELAY = 10;
/** The limit is a count, not a time: a time could pass while this process is busy. */
export const MAX_ATTEMPTS = 2000;

/** Events of {@link connectToServer}. */
export interface ConnectHandler {
  onOpen(channel: Channel<ToParent, ToChild>): void;
  onMessages(messages: ToParent[], onMapped: (isOpen: boolean) => void): void;
  /** Connecting failed, or the connection was lost. Another attempt may succeed. */
  onLost(why: string): void;
  /** The server is gone, or is not the manager's. */
  onGone(why: string): void;
}

/** Why an attempt ended: the server does not listen, the handshake took too long, or its proof was wrong. */
type End = 'missing' | 'late' | 'untrusted' | 'other';

/**
 * Connects to a server that may still be starting: its objects can be sent before it listens. Tries again if the server
 * dropped the connection because one of the two was too busy to finish the handshake in time.
 *
 * @param maxAttempts - how often to try while the server does not listen; 1 if it did before.
 */
export function connectToServer(address: ServerAddress, maxAttempts: number, handler: ConnectHandler): void {
  let attempts = 0;
  attempt();

  function attempt(): void {
    attempts++;
    openConnection(address, {
      ...handler,
      onClose(why, end) {
        if (end === 'untrusted') handler.onGone(why);
        else if (!isServerAlive(address)) handler.onGone('its process is gone');
        else if (end === 'late') attempt();
        else if (end === 'other') handler.onLost(why);
        else if (attempts >= maxAttempts) handler.onLost(`its process is not listening: ${why}`);
        else setTimeout(attempt, RETRY_DELAY).unref();
      },
    });
  }
}

interface AttemptHandler extends Pick<ConnectHandler, 'onOpen' | 'onMessages'> {
  onClose(why: string, end: End): void;
}

function openConnection({ path, key }: ServerAddress, handler: AttemptHandler): void {
  const startTime = performance.now();
  let receiver: Receiver;
  let isProven = false;
  let why = 'its process closed the connection';
  let end: End = 'other';
  const socket: Socket = connect({ path, onread: createOnread(() => receiver) as never });
  // Pending calls keep the program alive; the connection does not.
  socket.unref();
  socket.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') end = 'missing';
    if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') why = error.message;
  });
  socket.on('close', () => {
    // A refused client is dropped at once. Half of the time limit, because the server's clock started at another moment.
    if (end === 'other' && !isProven && performance.now() - startTime > HANDSHAKE_TIME / 2) end = 'late';
    handler.onClose(why, end);
  });
  receiver = greetServer({
    key: Buffer.from(key, 'hex'),
    write: (bytes) => socket.write(bytes),
    onProven() {
      isProven = true;
      const memory = createOfferedMemory(() => channel);
      memory.configure(DEFAULT_BLOCKS);
      const channelHandler: ChannelHandler<ToParent> = {
        onMessages: (messages) => handler.onMessages(messages, (isOpen) => memory.onOpened(isOpen)),
        onDrain() {},
        onEnd(error) {
          memory.close();
          if (error !== undefined) why = error.message;
        },
      };
      const channel = new Channel<ToParent, ToChild>(socket, channelHandler, memory);
      receiver = channel;
      handler.onOpen(channel);
    },
    onFailure(failure) {
      end = 'untrusted';
      why = `the server at ${path} is not the manager's: ${failure}`;
      socket.destroy();
    },
  });
}
