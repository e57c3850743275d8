import type { Item } from '../child/run-item.js';
import { UsageError } from '../usage-error.js';
import { FileError } from './file-error.js';
import { STDIN } from './find-inputs.js';
import type { StartWatch } from './input-start.js';
import { openInput } from './open-input.js';
import type { Format } from './settings.js';
import { MAX_LINE, splitLines } from './split-lines.js';

type Chunks = AsyncIterable<Buffer>;

const FORMATS: Readonly<Record<Format, (chunks: Chunks) => AsyncGenerator<Item[]>>> = {
  lines: splitLines,
  ndjson: splitValues,
  csv: parseCsv,
};

/**
 * The items of the files, one after the other, as many at a time as are there.
 *
 * @param start - sees the bytes on their way.
 * @throws {@link FileError}, {@link UsageError} by `start`.
 */
export async function* readItems(
  files: readonly string[],
  format: Format,
  start: StartWatch | undefined,
): AsyncGenerator<Item[], void, undefined> {
  for (const file of files) {
    try {
      const chunks = openInput(file);
      yield* FORMATS[format](start?.watch(chunks) ?? chunks);
    } catch (error) {
      const message = `${file === STDIN ? 'stdin' : file}: ${(error as Error).message}`;
      throw error instanceof UsageError ? new UsageError(message) : new FileError(message, error);
    }
  }
  start?.end();
}

/** Blank lines are no values. */
async function* splitValues(chunks: Chunks): AsyncGenerator<string[]> {
  for await (const lines of splitLines(chunks)) yield lines.filter((line) => line.trim() !== '');
}

async function* parseCsv(chunks: Chunks): AsyncGenerator<Item[]> {
  const { parse } = await import('csv-parse');
  let rows: Item[] = [];
  let failure: Error | undefined;
  // As a stream of objects the parser would be slower, and drop the rows before one that it cannot read.
  const keep = (row: Item) => {
    rows.push(row);
    return null;
  };
  const parser = parse({
    columns: refuseTwins,
    bom: true,
    // Not as the first line ends: files that were put together have both.
    record_delimiter: ['\r\n', '\n', '\r'],
    skip_empty_lines: true,
    max_record_size: MAX_LINE,
    on_record: keep,
  });
  parser.on('error', (error) => {
    failure = error;
  });
  const take = () => {
    const taken = rows;
    rows = [];
    return taken;
  };
  for await (const chunk of chunks) {
    await new Promise((resolve) => parser.write(chunk, resolve));
    yield take();
    if (failure !== undefined) throw failure;
  }
  await new Promise((resolve) => parser.end(resolve));
  yield take();
  if (failure !== undefined) throw failure;
}

/** Of two columns of one name a row would have only the second. */
function refuseTwins(names: string[]): string[] {
  const twins = new Set(names.filter((name, index) => names.indexOf(name) !== index));
  if (twins.size === 0) return names;
  throw new Error(
    `its first row has more than one column ${Array.from(twins, (name) => JSON.stringify(name)).join(', ')}`,
  );
}
