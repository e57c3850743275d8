import { Socket, type SocketConstructorOpts, type TcpSocketConnectOpts } from 'node:net';
import type { BlockMemory } from '../ipc/block-memory.js';
import { Channel, type ChannelHandler } from '../ipc/channel.js';
import { createOnread } from '../ipc/onread.js';
import type { ToChild, ToParent } from '../protocol/messages.js';

/** The descriptor on which the parent opened the pipe. */
const PIPE = 3;

/**
 * Opens this child's end of the pipe.
 *
 * @param memory - through which large values may travel.
 */
export function openPipe(handler: ChannelHandler<ToChild>, memory?: BlockMemory): Channel<ToChild, ToParent> {
  const options: SocketConstructorOpts & Pick<TcpSocketConnectOpts, 'onread'> = {
    fd: PIPE,
    readable: true,
    writable: true,
    // The parent closes its direction first; this side still reports how the process ends.
    allowHalfOpen: true,
    onread: createOnread(() => channel),
  };
  const channel = new Channel<ToChild, ToParent>(new Socket(options), handler, memory);
  return channel;
}
