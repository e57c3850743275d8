import { closeSync, constants, createReadStream, fstatSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { isatty, ReadStream } from 'node:tty';
import { STDIN } from './find-inputs.js';

/**
 * The bytes of an input.
 *
 * What may keep its reader waiting is not read by a thread of Node.js, as files are: the program could not end before
 * somebody wrote to it.
 */
export function openInput(path: string): AsyncIterable<Buffer> {
  if (path === STDIN) return process.stdin;
  // A pipe that nobody writes to would not even be opened; one that is opened so says that it has data when it does.
  const fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  if (isatty(fd)) return new ReadStream(fd);
  if (fstatSync(fd).isFIFO()) return new Socket({ fd, readable: true, writable: false });
  closeSync(fd);
  return createReadStream(path);
}
