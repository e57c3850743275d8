import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';
import { createOnread, type Receiver } from './ipc/onread.js';

/** What Node.js has behind a socket; none of it is documented. */
interface Handle {
  readStop(): unknown;
  useUserBuffer: unknown;
  reading: boolean;
}

/**
 * Gives what a child writes to this pipe to a receiver.
 *
 * @param onRead - is called when all that one read has brought was handled.
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
 * Another socket for the same pipe, which reads as `onread` says.
 *
 * There is no public way to have that for a descriptor of a child: each read allocates 64 KiB, and large values are
 * copied together from such pieces. A new socket on the same handle does it. Where the handle is not what it is
 * expected to be, and on Windows, where a read may be under way, the pipe stays as it is.
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
  // Whoever waits for the end of the pipe, as execa does, still sees it.
  socket.once('close', () => pipe.destroy());
  return socket;
}

function isMovable(handle: Partial<Handle> | null | undefined): handle is Handle {
  return typeof handle?.readStop === 'function' && typeof handle.useUserBuffer === 'function';
}
