import { spawn } from 'node:child_process';
import net from 'node:net';
import { fileURLToPath } from 'node:url';

/**
 * Starts a bare node process with an extra stdio pipe, and reads that pipe into memory that the caller provides.
 *
 * @param {string} script file name in this folder
 * @param {string[]} args
 * @param {{ buffer: () => Uint8Array, onRead: (count: number, buffer: Buffer) => void }} reader
 */
export function openPipe(script, args, reader) {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] });
  child.on('exit', (code, signal) => {
    // Otherwise no pending promise would settle.
    if (!child.closing) throw new Error(`the floor's process ended early (${signal ?? code})`);
  });
  const socket = readThroughOnread(child.stdio[3], reader);
  return {
    socket,
    close() {
      child.closing = true;
      socket.destroy();
      child.kill('SIGKILL');
    },
  };
}

// A stdio pipe does not accept `onread`, so every read allocates 64 KiB, which costs 5 to 10 percent of the throughput and a
// quarter of the bandwidth. A second socket on the same handle accepts it.
function readThroughOnread(pipe, reader) {
  const handle = pipe._handle;
  pipe._handle = null;
  handle.readStop();
  handle.reading = false;
  return openSocket({ handle }, reader);
}

/** Opens the child's end. */
export function openInherited(reader) {
  const socket = openSocket({ fd: 3 }, reader);
  socket.on('end', () => process.exit());
  return socket;
}

function openSocket(source, { buffer, onRead }) {
  const socket = new net.Socket({
    ...source,
    readable: true,
    writable: true,
    onread: {
      buffer,
      callback(count, into) {
        onRead(count, into);
        return true;
      },
    },
  });
  socket.on('error', () => {});
  socket.resume();
  return socket;
}
