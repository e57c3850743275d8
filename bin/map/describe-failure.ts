import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { serializeError } from 'serialize-error';
import type { Numbered } from './item-source.js';
import type { Format } from './settings.js';

/** An item that failed as plain data: which one it was, what it was, and its error. */
export function describeFailure({ index, item }: Numbered, error: unknown, format: Format): Record<string, unknown> {
  const input = format === 'ndjson' ? parse(item as string) : item;
  return { index, input, error: serializeError(error) };
}

/** So much of an item is shown in a message. */
const MAX_EXCERPT = 60;

/** The beginning of an item, in one line. */
export function excerpt({ item }: Numbered): string {
  const text = typeof item === 'string' ? item : JSON.stringify(item);
  return text.length > MAX_EXCERPT ? `${text.slice(0, MAX_EXCERPT)}…` : text;
}

/** Where this package is: this file is in one of the folders of it. */
const PACKAGE = new URL('../', import.meta.url);

/** Frames of Node.js and of this package: what a stack has that is not about the function. */
function isForeign(line: string): boolean {
  if (/^\s+\.\.\. \d+ lines matching/.test(line)) return true;
  return /^\s+at /.test(line) && PLACES.some((place) => line.includes(place));
}

const PLACES = ['node:', PACKAGE.href, fileURLToPath(PACKAGE)];

/** An error for people to read. */
export function toText(error: unknown): string {
  const kept: string[] = [];
  for (const line of inspect(error).split('\n')) {
    if (!isForeign(line)) kept.push(line);
    // The properties of the error begin behind its last frame.
    else if (line.endsWith(' {')) kept.push(`${kept.pop()} {`);
  }
  return kept.join('\n');
}

/** The value, or the text of what is none. */
function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return line;
  }
}
