// csv-to-ndjson: converts a CSV file with a header to NDJSON. The file is cut at line breaks into parts of 1 MiB; each process reads
// its parts itself, and the results are written in order. Quoted values must not contain line breaks.
// Usage: node docs/examples/recipes/csv-to-ndjson.js FILE.csv OUTPUT.ndjson
import { open } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { isMainProcess, Pool } from 'aiomultiprocess';
import { parse } from 'csv-parse/sync';

/** The task. Returns bytes: a Buffer costs less to send than a million objects. */
export async function convert(path, start, end, columns) {
  const file = await open(path);
  try {
    const { buffer } = await file.read(Buffer.alloc(end - start), 0, end - start, start);
    const rows = parse(buffer, { columns });
    const lines = rows.map((row) => `${JSON.stringify(row)}\n`);
    return { rows: rows.length, bytes: Buffer.from(lines.join('')) };
  } finally {
    await file.close();
  }
}

/** Reads the header, and cuts the rest behind the first line break after each `size` bytes. */
async function* cut(file, path, size) {
  const { size: length } = await file.stat();
  let start = await findLineEnd(file, 0, length);
  const header = Buffer.alloc(start);
  await file.read(header, 0, start, 0);
  const [columns] = parse(header);
  while (start < length) {
    const end = await findLineEnd(file, Math.min(start + size, length), length);
    yield [path, start, end, columns];
    start = end;
  }
}

/** The position after the next line break. */
async function findLineEnd(file, from, length) {
  const chunk = Buffer.alloc(64 * 1024);
  for (let at = from; at < length; at += chunk.length) {
    const { bytesRead } = await file.read(chunk, 0, chunk.length, at);
    const index = chunk.subarray(0, bytesRead).indexOf('\n');
    if (index >= 0) return at + index + 1;
  }
  return length;
}

if (isMainProcess) {
  const options = { part: { type: 'string', default: String(1024 ** 2) } };
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const [from, to] = positionals;
  const input = await open(from);
  const output = await open(to, 'w');
  const start = performance.now();
  let count = 0;
  await Pool.using({ name: 'csv', childConcurrency: 2 }, async (pool) => {
    // The parts come from a generator, so the pool reads ahead no further than it can write.
    for await (const { rows, bytes } of pool.starmap(convert, cut(input, from, Number(values.part)))) {
      await output.write(bytes);
      count += rows;
    }
  });
  await Promise.all([input.close(), output.close()]);
  console.log(`${count} rows in ${((performance.now() - start) / 1000).toFixed(2)} s`);
}
