import { inspect } from 'node:util';

const MAX_LENGTH = 200;
/** An object with more properties is not described: `inspect` would read all of them. */
const MAX_KEYS = 50;

/** Arguments as a short text: records of a task must not keep its data in memory. */
export function summarizeArguments(args: readonly unknown[]): string {
  const texts = args.map((arg) =>
    isLarge(arg)
      ? '{ … }'
      : inspect(arg, { depth: 1, maxArrayLength: 5, maxStringLength: 80, breakLength: Number.POSITIVE_INFINITY }),
  );
  const text = texts.join(', ');
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH - 1)}…` : text;
}

function isLarge(arg: unknown): boolean {
  if (typeof arg !== 'object' || arg === null || Array.isArray(arg) || ArrayBuffer.isView(arg)) return false;
  let keys = 0;
  for (const _ in arg) if (++keys > MAX_KEYS) return true;
  return false;
}
