import { MAX_LINE } from './split-lines.js';

type Row = Record<string, string>;

/** The rows of a CSV file, keyed by its first row, in batches of those that have arrived. */
export async function* parseCsv(chunks: AsyncIterable<Buffer>): AsyncGenerator<Row[]> {
  const { parse } = await import('csv-parse');
  let rows: Row[] = [];
  let failure: Error | undefined;
  // Collecting rows here is faster than the parser's object stream, which also drops the rows before an invalid one.
  const keep = (row: Row) => {
    rows.push(row);
    return null;
  };
  const parser = parse({
    columns: refuseDuplicates,
    bom: true,
    // The parser would expect the line break of the first line throughout, but concatenated files may mix them.
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

/** A row could hold only one value of two columns with the same name. */
function refuseDuplicates(names: string[]): string[] {
  const duplicates = new Set(names.filter((name, index) => names.indexOf(name) !== index));
  if (duplicates.size === 0) return names;
  throw new Error(
    `duplicate column names in the first row: ${Array.from(duplicates, (name) => JSON.stringify(name)).join(', ')}`,
  );
}
