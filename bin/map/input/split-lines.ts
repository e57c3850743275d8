const NEWLINE = 0x0a;

/** The longest line, in bytes: a longer one means that the input has no line breaks, or is not text. */
export const MAX_LINE = 256 * 2 ** 20;

/**
 * The lines of an input without their `\n` or `\r\n`, in batches of those that have arrived.
 *
 * `node:readline` would also split at U+2028, which JSON allows inside a string. Only whole lines are decoded, so a
 * multi-byte character is never split.
 *
 * @throws RangeError if a line is longer than 256 MiB.
 */
export async function* splitLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<string[], void, undefined> {
  /** The chunks of the unfinished line. */
  let rest: Buffer[] = [];
  let length = 0;
  let first = true;
  const decode = (bytes: Buffer) => {
    const text = bytes.toString();
    const marked = first && text.startsWith('\uFEFF');
    first = false;
    return marked ? text.slice(1) : text;
  };
  for await (const chunk of chunks) {
    const end = chunk.lastIndexOf(NEWLINE) + 1;
    if (end > 0) {
      const lines = decode(join(rest, chunk.subarray(0, end))).split('\n');
      lines.pop();
      yield lines.map(withoutReturn);
      rest = [];
      length = 0;
    }
    if (end < chunk.length) rest.push(chunk.subarray(end));
    length += chunk.length - end;
    if (length > MAX_LINE) throw new RangeError('a line is longer than 256 MiB; is the input text, with line breaks?');
  }
  if (length > 0) yield [withoutReturn(decode(join(rest, Buffer.alloc(0))))];
}

function join(parts: readonly Buffer[], last: Buffer): Buffer {
  return parts.length === 0 ? last : Buffer.concat([...parts, last]);
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}
