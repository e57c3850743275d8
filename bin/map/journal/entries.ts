/** The lines of a journal. They are validated strictly, because files are truncated to the lengths that they record. */

/** The settings of a run, by name. */
export type Run = Readonly<Record<string, unknown>>;

/** How an input starts: the first chunk of its first file that is not empty. */
export interface InputStart {
  bytes: number;
  sha256: string;
}

/** How far a run has come. */
export interface Position {
  /** The length of the output, and of the error file. */
  output: number;
  errors: number;
  /** The number of failed items. */
  failed: number;
}

export type Entry =
  | { run: Run }
  | { start: InputStart }
  | ({ done: [from: number, count: number][] } & Position)
  | { finished: true };

/** @returns `undefined` if the line is not a valid entry. */
export function parseEntry(line: string): Entry | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isEntry(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isEntry(value: unknown): value is Entry {
  if (!isObject(value)) return false;
  switch (Object.keys(value).join()) {
    case 'run':
      return isObject(value.run);
    case 'start':
      return isStart(value.start);
    case 'done,output,errors,failed':
      return (
        Array.isArray(value.done) &&
        value.done.every(isRange) &&
        [value.output, value.errors, value.failed].every(isCount)
      );
    case 'finished':
      return value.finished === true;
    default:
      return false;
  }
}

function isStart(value: unknown): boolean {
  return (
    isObject(value) && isCount(value.bytes) && typeof value.sha256 === 'string' && /^[\da-f]{64}$/.test(value.sha256)
  );
}

/** `[from, count]` */
function isRange(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && value.every(isCount) && value[1] > 0;
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const BEGINNINGS = ['{"run":{', '{"start":{', '{"done":[', '{"finished":true}'];

/** Whether a text may be the beginning of an entry: a process killed while writing leaves one. */
export function mayBegin(text: string, isFirst: boolean): boolean {
  const possible = isFirst ? BEGINNINGS.slice(0, 1) : BEGINNINGS;
  return possible.some((beginning) => beginning.startsWith(text) || text.startsWith(beginning));
}
