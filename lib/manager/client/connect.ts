import { connect, type Socket } from 'node:net';
import { Channel } from '../../ipc/channel.js';
import type { ToChild, ToParent } from '../../ipc/messages.js';
import { createOnread, type Receiver } from '../../ipc/onread.js';
import { performance, setTimeout } from '../../util/clock.js';
import { isThere } from '../endpoint.js';
import { greetServer, HANDSHAKE_TIME } from '../handshake.js';
import type { ServerAddress } from './connections.js';

/** A server that was started and does not listen yet is asked again after so many milliseconds, */
const PAUSE = 10;
/** but no more often than that. Not a time: this process may be busy for longer than any. */
export const MAX_ATTEMPTS = 2000;

/** What {@link connectToServer} tells its caller. */
export interface ConnectHandler {
  onOpen(channel: Channel<ToParent, ToChild>): void;
  onMessages(messages: ToParent[]): void;
  /** There is no connection, or no longer; another one may come about. */
  onLost(why: string): void;
  /** There will never be one. */
  onGone(why: string): void;
}

/** How a connection has ended: there was nobody, it was too slow to prove itself, or anything else. */
type End = 'missing' | 'late' | 'untrusted' | 'other';

/**
 * Connects to a server that may not listen yet, for its objects can be sent before it has started; and again if one of
 * the two was so busy that the server has dropped what had not proven itself in time.
 *
 * @param maxAttempts - how often to ask one that does not listen: once if it did before.
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
        else if (!isThere(address)) handler.onGone('its process is gone');
        else if (end === 'late') attempt();
        else if (end === 'other') handler.onLost(why);
        else if (attempts >= maxAttempts) handler.onLost(`its process does not listen: ${why}`);
        else setTimeout(attempt, PAUSE).unref();
      },
    });
  }
}

interface AttemptHandler extends Pick<ConnectHandler, 'onOpen' | 'onMessages'> {
  onClose(why: string, end: End): void;
}

function openConnection({ path, key }: ServerAddress, handler: AttemptHandler): void {
  const began = performance.now();
  let receiver: Receiver;
  let isProven = false;
  let why = 'its process has ended the connection';
  let end: End = 'other';
  const socket: Socket = connect({ path, onread: createOnread(() => receiver) as never });
  // Calls that wait for an answer hold the program, not the connection.
  socket.unref();
  socket.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') end = 'missing';
    if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') why = error.message;
  });
  socket.on('close', () => {
    // One that the server refuses is dropped at once. Half of the time, for the two clocks did not begin together.
    if (end === 'other' && !isProven && performance.now() - began > HANDSHAKE_TIME / 2) end = 'late';
    handler.onClose(why, end);
  });
  receiver = greetServer(
    Buffer.from(key, 'hex'),
    (bytes) => socket.write(bytes),
    () => {
      isProven = true;
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
      end = 'untrusted';
      why = `whoever listens at ${path}: ${failure}`;
      socket.destroy();
    },
  );
}
