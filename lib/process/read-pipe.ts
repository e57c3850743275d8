import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';
import { createOnread, type Receiver } from '../ipc/onread.js';

/** The undocumented handle of a socket in Node.js. */
interface Handle {
  readStop(): unknown;
  useUserBuffer: unknown;
  reading: boolean;
}

/**
 * Passes the bytes that a child writes to this pipe to a receiver.
 *
 * @param onRead - is called when the bytes of a read were handled.
 * @returns the socket to write to.
 */
export function readPipe(pipe: Socket, getReceiver: () => Receiver, onRead: () => void): Socket {
  const socket = movePipe(pipe, () => createOnread(getReceiver, onRead));
  if (socket !== undefined) return socket;
  return pipe.on('data', (chunk: Uint8Array) => {
    getReceiver().receive(chunk);
    onRead();
  });
}

/**
 * Creates another socket for the same pipe, which reads with `onread`.
 *
 * Node.js offers no public way to do that for a descriptor of a child: each read allocates 64 KiB, and large values are
 * copied together from such pieces. A new socket on the same handle can. If the handle is not the expected one, and on
 * Windows, where a read may be pending, the pipe remains unchanged.
 */
function movePipe(pipe: Socket, getOnread: () => OnReadOpts): Socket | undefined {
  const internals = pipe as unknown as { _handle?: Partial<Handle> | null };
  const handle = internals._handle;
  if (process.platform === 'win32' || !isMovable(handle)) return undefined;
  internals._handle = null;
  handle.readStop();
  handle.reading = false;
  const options = { handle, readable: true, writable: true, onread: getOnread() };
  const socket = new Socket(options as SocketConstructorOpts);
  // Listeners for the end of the pipe, such as execa's, still see it.
  socket.once('close', () => pipe.destroy());
  return socket;
}

function isMovable(handle: Partial<Handle> | null | undefined): handle is Handle {
  return typeof handle?.readStop === 'function' && typeof handle.useUserBuffer === 'function';
}
