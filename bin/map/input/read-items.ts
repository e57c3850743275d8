import { closeSync, constants, createReadStream, fstatSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { isatty, ReadStream } from 'node:tty';
import { FileError, UsageError } from '../../util/errors.js';
import type { Item } from '../child/run-item.js';
import type { InputCheck } from '../journal/check-resume.js';
import type { Format } from '../settings.js';
import { STDIN } from './find-inputs.js';
import { parseCsv } from './parse-csv.js';
import { splitLines } from './split-lines.js';

type Chunks = AsyncIterable<Buffer>;

const FORMATS: Readonly<Record<Format, (chunks: Chunks) => AsyncGenerator<Item[]>>> = {
  lines: splitLines,
  ndjson: splitValues,
  csv: parseCsv,
};

/**
 * The items of the files, one file after the other, in batches of those that have arrived.
 *
 * @param check - sees the bytes before they are parsed.
 * @throws {@link FileError}, or {@link UsageError} from `check`.
 */
export async function* readItems(
  files: readonly string[],
  format: Format,
  check: InputCheck | undefined,
): AsyncGenerator<Item[], void, undefined> {
  for (const file of files) {
    try {
      const chunks = openInput(file);
      yield* FORMATS[format](check?.check(chunks) ?? chunks);
    } catch (error) {
      const message = `${file === STDIN ? 'stdin' : file}: ${(error as Error).message}`;
      throw error instanceof UsageError ? new UsageError(message) : new FileError(message, error);
    }
  }
  check?.end();
}

/**
 * Opens pipes and terminals as sockets: reading them as files would occupy one of Node's threads until data arrives, and
 * the process could not exit before that.
 */
function openInput(path: string): Chunks {
  if (path === STDIN) return process.stdin;
  // Without O_NONBLOCK, opening a named pipe would wait for its writer.
  const fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  if (isatty(fd)) return new ReadStream(fd);
  if (fstatSync(fd).isFIFO()) return new Socket({ fd, readable: true, writable: false });
  closeSync(fd);
  return createReadStream(path);
}

/** Skips blank lines. */
async function* splitValues(chunks: Chunks): AsyncGenerator<string[]> {
  for await (const lines of splitLines(chunks)) yield lines.filter((line) => line.trim() !== '');
}
