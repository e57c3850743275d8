import { Socket, type SocketConstructorOpts, type TcpSocketConnectOpts } from 'node:net';
import { Channel, type ChannelHandler } from '../ipc/channel.js';
import type { ToChild, ToParent } from '../ipc/messages.js';

/** The descriptor on which the parent opened the pipe. */
const PIPE = 3;

/** Large enough for a few batches of small tasks at once. */
const READ_SIZE = 64 * 1024;

/** Opens this child's end of the pipe; one buffer takes everything that is read. */
export function openPipe(handler: ChannelHandler<ToChild>): Channel<ToChild, ToParent> {
  const options: SocketConstructorOpts & Pick<TcpSocketConnectOpts, 'onread'> = {
    fd: PIPE,
    readable: true,
    writable: true,
    onread: {
      buffer: Buffer.allocUnsafeSlow(READ_SIZE),
      callback(size, buffer) {
        channel.receive(buffer.subarray(0, size));
        return true;
      },
    },
  };
  const channel = new Channel<ToChild, ToParent>(new Socket(options), handler);
  return channel;
}
