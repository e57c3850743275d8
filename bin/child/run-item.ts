/**
 * What `aiomultiprocess map` runs in its children. JSON is read and written here, on all cores, and where the result
 * still is what the function gave: with its classes and their `toJSON`.
 */
import { TaskNotFoundError } from '../../lib/errors.js';
import { load } from '../../lib/tasks/load.js';
import type { Format } from '../map/settings.js';
import type { FunctionName } from '../option-values.js';

/** A line, or a row of a CSV file by the names of its columns. */
export type Item = string | Record<string, string>;

export interface ChildSettings {
  target: FunctionName;
  format: Format;
  initializer: (FunctionName & { args: unknown[] }) | undefined;
}

let format: Format;
let target: ((item: never) => unknown) | undefined;
let failure: unknown;

/**
 * The initializer of each process. A function that is not there fails the items, and the check, with its own error.
 *
 * @throws what the initializer of the user throws, or its module.
 */
export async function setUp({ format: given, initializer, target: wanted }: ChildSettings): Promise<void> {
  format = given;
  if (initializer !== undefined) {
    const initialize = await find(initializer).catch(keepIfMissing);
    await initialize?.(...(initializer.args as never[]));
  }
  if (failure !== undefined) return;
  try {
    target = await find(wanted);
  } catch (error) {
    failure = error;
  }
}

function keepIfMissing(error: unknown): undefined {
  // With a cause the module is there, and has failed.
  if (!(error instanceof TaskNotFoundError) || error.cause !== undefined) throw error;
  failure = error;
}

function find({ module, name }: FunctionName): Promise<(...args: never[]) => unknown> {
  return load({ kind: 'handle', module, name });
}

/** @throws TaskNotFoundError if there is no such function. */
export function check(): void {
  getTarget();
}

/**
 * Runs the function on one item. Errors of the pool call it by this name.
 *
 * @returns what `JSON.stringify` makes of the result.
 */
export function task(item: Item): string | Promise<string> {
  const run = getTarget();
  const result = run(read(item) as never);
  return isThenable(result) ? result.then(write) : write(result);
}

function getTarget(): (item: never) => unknown {
  if (target === undefined) throw failure;
  return target;
}

function read(item: Item): unknown {
  if (format !== 'ndjson') return item;
  try {
    return JSON.parse(item as string);
  } catch (error) {
    throw new SyntaxError(`the line is not JSON: ${(error as Error).message}`);
  }
}

function write(result: unknown): string {
  try {
    // For undefined it gives no text at all; every item has a line.
    return JSON.stringify(result) ?? 'null';
  } catch (cause) {
    throw new TypeError(`the result has no form in JSON: ${(cause as Error).message}`, { cause });
  }
}

function isThenable(value: unknown): value is Promise<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
