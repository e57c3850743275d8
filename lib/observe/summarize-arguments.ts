import { inspect } from 'node:util';

const MAX_LENGTH = 200;

/** Arguments as a short text: records of a task must not keep its data in memory. */
export function summarizeArguments(args: readonly unknown[]): string {
  const texts = args.map((arg) =>
    inspect(arg, { depth: 1, maxArrayLength: 5, maxStringLength: 80, breakLength: Number.POSITIVE_INFINITY }),
  );
  const text = texts.join(', ');
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH - 1)}…` : text;
}
