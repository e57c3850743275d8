import { Socket, type SocketConstructorOpts, type TcpSocketConnectOpts } from 'node:net';
import { Channel, type ChannelHandler } from '../ipc/channel.js';
import type { ToChild, ToParent } from '../ipc/messages.js';
import { createOnread } from '../ipc/onread.js';

/** The descriptor on which the parent opened the pipe. */
const PIPE = 3;

/** Opens this child's end of the pipe. */
export function openPipe(handler: ChannelHandler<ToChild>): Channel<ToChild, ToParent> {
  const options: SocketConstructorOpts & Pick<TcpSocketConnectOpts, 'onread'> = {
    fd: PIPE,
    readable: true,
    writable: true,
    // The parent closes its direction first; this side still has to say how the process ends.
    allowHalfOpen: true,
    onread: createOnread(() => channel),
  };
  const channel = new Channel<ToChild, ToParent>(new Socket(options), handler);
  return channel;
}
