import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { serializeError } from 'serialize-error';
import type { Numbered } from '../input/item-source.js';
import type { Format } from '../settings.js';

/** A failed item as plain data: its index, its input and its error. */
export function describeFailure({ index, item }: Numbered, error: unknown, format: Format): Record<string, unknown> {
  const input = format === 'ndjson' ? parse(item as string) : item;
  return { index, input, error: serializeError(error) };
}

/** The longest part of an item in a message. */
const MAX_EXCERPT = 60;

/** The beginning of an item, on one line. */
export function excerpt({ item }: Numbered): string {
  const text = typeof item === 'string' ? item : JSON.stringify(item);
  return text.length > MAX_EXCERPT ? `${text.slice(0, MAX_EXCERPT)}…` : text;
}

/** The built package, dist/: this file is bundled into dist/bin/. */
const PACKAGE = new URL('../', import.meta.url);

/** Whether a line of a stack is a frame of Node.js or of this package, and so not about the user's function. */
function isForeign(line: string): boolean {
  if (/^\s+\.\.\. \d+ lines matching/.test(line)) return true;
  return /^\s+at /.test(line) && FOREIGN_PATHS.some((path) => line.includes(path));
}

const FOREIGN_PATHS = ['node:', PACKAGE.href, fileURLToPath(PACKAGE)];

/** An error as text for people, without the frames of Node.js and of this package. */
export function toText(error: unknown): string {
  const kept: string[] = [];
  for (const line of inspect(error).split('\n')) {
    if (!isForeign(line)) kept.push(line);
    // The properties of the error follow its last frame.
    else if (line.endsWith(' {')) kept.push(`${kept.pop()} {`);
  }
  return kept.join('\n');
}

/** The value of the line, or its text if it is not JSON. */
function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return line;
  }
}
