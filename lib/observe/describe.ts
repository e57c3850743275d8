/**
 * Values of tasks as short texts: records of a task must not keep its data in memory. Describing a value runs code of its class,
 * which may throw, and large values would take long: what cannot be described, or is too large, is left out.
 */
import { type InspectOptions, inspect, stripVTControlCharacters } from 'node:util';

/** The longest summary of arguments, in characters, and the most arguments in it. */
const MAX_LENGTH = 200;
const MAX_ARGUMENTS = 20;
/** An object with more properties is not described: `inspect` would read all of them. */
const MAX_KEYS = 50;
/** How many elements of an array, a map or a set are described. */
const MAX_ELEMENTS = 5;

const ON_ONE_LINE = { breakLength: Number.POSITIVE_INFINITY };

/** The arguments of a task on one line. */
export function summarizeArguments(args: readonly unknown[]): string {
  const texts = args.slice(0, MAX_ARGUMENTS).map((arg) => describe(arg, 1, { ...ON_ONE_LINE, maxStringLength: 80 }));
  if (args.length > MAX_ARGUMENTS) texts.push('…');
  return cut(joinLines(texts.join(', ')), MAX_LENGTH);
}

/** What a task has thrown, on one line. */
export function summarizeError(error: unknown): string {
  try {
    return joinLines(error instanceof Error ? `${error.name}: ${error.message}` : describe(error, 0, ON_ONE_LINE));
  } catch {
    // A name or a message may be an object without a string.
    return 'Error: { … }';
  }
}

/** What a task has thrown, with its stack and its causes. */
export function describeError(error: unknown): string {
  return describe(error, 2);
}

export function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

/** A line of a terminal must not contain ends of lines, or control the terminal. */
function joinLines(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/\p{Cc}+\s*/gu, ' ');
}

function describe(value: unknown, depth: number, options: InspectOptions = {}): string {
  try {
    const affordable = findDepth(value, depth);
    if (affordable >= 0) return inspect(value, { ...options, depth: affordable, maxArrayLength: MAX_ELEMENTS });
  } catch {
    // Its class cannot describe it.
  }
  return readStack(value) ?? '{ … }';
}

function readStack(value: unknown): string | undefined {
  try {
    return value instanceof Error && typeof value.stack === 'string' ? value.stack : undefined;
  } catch {
    return undefined;
  }
}

/** The depth, up to `depth`, to which the objects in a value are small; -1: the value itself is large. */
function findDepth(value: unknown, depth: number): number {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return depth;
  if (!isList(value) && hasManyKeys(value)) return -1;
  if (depth === 0) return 0;
  return Math.min(...listChildren(value).map((child) => findDepth(child, depth - 1) + 1), depth);
}

function isList(value: object): value is unknown[] | Map<unknown, unknown> | Set<unknown> {
  return Array.isArray(value) || value instanceof Map || value instanceof Set;
}

function hasManyKeys(value: object): boolean {
  let keys = 0;
  for (const _ in value) if (++keys > MAX_KEYS) return true;
  return false;
}

/** What `inspect` would look into. It calls no getters. */
function listChildren(value: object): unknown[] {
  if (value instanceof Map) return [...firstOf(value.keys()), ...firstOf(value.values())];
  if (isList(value)) return [...firstOf(value)];
  return Object.values(Object.getOwnPropertyDescriptors(value)).map((property) => property.value);
}

function* firstOf<T>(values: Iterable<T>): Generator<T> {
  let count = 0;
  for (const value of values) {
    if (count++ === MAX_ELEMENTS) return;
    yield value;
  }
}
