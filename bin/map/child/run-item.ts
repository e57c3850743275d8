/**
 * The tasks that `aiomultiprocess map` runs in its children. They parse and write JSON here, on all cores, where a result
 * still has its classes and their `toJSON`.
 */
import { TaskNotFoundError } from '../../../lib/errors.js';
import { load } from '../../../lib/functions/load/load.js';
import { isThenable } from '../../../lib/util/thenable.js';
import type { FunctionName } from '../../commands/option-values.js';
import type { Format } from '../settings.js';

/** A line, or a row of a CSV file keyed by column names. */
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
 * The initializer of each process. If a function is missing, {@link check} and every item fail with that error.
 *
 * @throws the error of the user's initializer, or of its module.
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
  // An error with a cause means that the module exists and failed to load.
  if (!(error instanceof TaskNotFoundError) || error.cause !== undefined) throw error;
  failure = error;
}

function find({ module, name }: FunctionName): Promise<(...args: never[]) => unknown> {
  return load({ kind: 'handle', module, name });
}

/** @throws TaskNotFoundError if the function does not exist. */
export function check(): void {
  getTarget();
}

/**
 * Runs the function on one item. Its name, `task`, appears in errors of the pool.
 *
 * @returns the result as JSON.
 */
export function task(item: Item): string | PromiseLike<string> {
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
    // `JSON.stringify(undefined)` is undefined, but every item needs a line.
    return JSON.stringify(result) ?? 'null';
  } catch (cause) {
    throw new TypeError(`the result cannot be written as JSON: ${(cause as Error).message}`, { cause });
  }
}
