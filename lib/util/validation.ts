/** Tables that define options, the checks of their values, and the functions that read options by such a table. */
import { MAX_DELAY } from './keep-alive.js';

/** The values that an option accepts. */
export interface Check<T> {
  /** The type in the documentation; for a number, its unit. It selects the parser of a flag. */
  readonly type: string;
  /** Completes "expected …" in an error message. */
  readonly expected: string;
  readonly accepts: (value: unknown) => value is T;
}

/** One option. */
interface Option<T = unknown, Options = never> {
  readonly check: Check<T>;
  /** A value, or a function that returns one. It receives the options that stand before this one in the table. */
  readonly default?: T | ((earlier: Required<Options>) => T);
  readonly required?: true;
  /** The option without which this one has no effect. */
  readonly requires?: keyof Options & string;
  /** The spelling of Python's aiomultiprocess, which is accepted too. */
  readonly python?: string;
}

/** An option that the documentation lists and the command line may offer. */
export interface DocumentedOption<T = unknown, Options = never> extends Option<T, Options> {
  /** Markdown. The help of the command line shows the first sentence, the documentation all of them. */
  readonly description: string;
  /** Markdown that describes the default, for a default that is not a plain value. */
  readonly defaultText?: string;
  /** The flag of the command line with the name of its value: `-p, --processes <n>`. */
  readonly flag?: string;
  /** The environment variable that the command line reads if the flag is not given. */
  readonly variable?: string;
}

/** Defines each option of `Options`. A missing option, an extra one and one of the wrong type do not compile. */
export type OptionTable<Options> = {
  readonly [Name in keyof Options]-?: Option<NonNullable<Options[Name]>, Options> & Requirement<Options, Name>;
};

/** The same for options that the documentation lists. */
export type DocumentedTable<Options> = {
  readonly [Name in keyof Options]-?: DocumentedOption<NonNullable<Options[Name]>, Options> &
    Requirement<Options, Name>;
};

type Requirement<Options, Name extends keyof Options> =
  Record<never, never> extends Pick<Options, Name> ? { readonly required?: never } : { readonly required: true };

/** `Options` in which those with a default in `Table` are present. */
export type WithDefaults<Options, Table> = Omit<Options, Defaulted<Table>> & {
  [Name in Defaulted<Table> & keyof Options]: NonNullable<Options[Name]>;
};

type Defaulted<Table> = {
  [Name in keyof Table]: Table[Name] extends { readonly default: unknown } ? Name : never;
}[keyof Table];

type AnyTable = Readonly<Record<string, Option>>;

/**
 * Checks options and returns those that are not `undefined`, under their own names.
 *
 * @param what - the class or method that takes the options; error messages begin with it.
 * @throws TypeError that names an unknown or wrong option, and the values that it accepts.
 */
export function checkOptions<Options extends object>(
  what: string,
  options: Options,
  table: OptionTable<Options>,
): Options {
  if (options === null || typeof options !== 'object' || Array.isArray(options)) {
    throw new TypeError(`${what}: expected an object with options, got ${describeValue(options)}`);
  }
  const checks = table as AnyTable;
  const checked: Record<string, unknown> = {};
  for (const given of Object.keys(options)) {
    const name = Object.hasOwn(checks, given) ? given : findPythonSpelling(checks, given);
    if (name === undefined) throw new TypeError(`${what}: unknown option "${given}"`);
    const value = (options as Record<string, unknown>)[given];
    if (value === undefined) continue;
    const { check } = checks[name] as Option;
    if (!check.accepts(value)) {
      throw new TypeError(`${what}: option "${given}": expected ${check.expected}, got ${describeValue(value)}`);
    }
    if (Object.hasOwn(checked, name)) {
      throw new TypeError(`${what}: option "${name}" is given twice: also as "${checks[name]?.python}"`);
    }
    checked[name] = value;
  }
  for (const name of Object.keys(checked)) {
    const { requires } = checks[name] as Option;
    if (requires !== undefined && !Object.hasOwn(checked, requires)) {
      throw new TypeError(`${what}: option "${name}" has no effect without the option "${requires}"`);
    }
  }
  return checked as Options;
}

/**
 * Checks options and adds the defaults of those that are left out.
 *
 * @param what - the class or method that takes the options; error messages begin with it.
 * @throws TypeError that names an unknown, wrong or missing option, and the values that it accepts.
 */
export function readOptions<Options extends object, Table extends OptionTable<Options>>(
  what: string,
  options: Options,
  table: Table & OptionTable<Options>,
): WithDefaults<Options, Table> {
  const read = checkOptions<Options>(what, options, table) as Record<string, unknown>;
  for (const [name, option] of Object.entries<Option>(table as AnyTable)) {
    if (Object.hasOwn(read, name)) continue;
    if (option.required)
      throw new TypeError(`${what}: option "${name}" is required: expected ${option.check.expected}`);
    if (!('default' in option)) continue;
    read[name] = typeof option.default === 'function' ? option.default(read as never) : option.default;
  }
  return read as WithDefaults<Options, Table>;
}

function findPythonSpelling(table: AnyTable, given: string): string | undefined {
  return Object.keys(table).find((name) => table[name]?.python === given);
}

/** A value in an error message. */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

/** An integer from `minimum` to `maximum`. */
export function integer(minimum: number, maximum = Number.MAX_SAFE_INTEGER): Check<number> {
  const range = maximum === Number.MAX_SAFE_INTEGER ? `of at least ${minimum}` : `from ${minimum} to ${maximum}`;
  return {
    type: 'integer',
    expected: `an integer ${range}`,
    accepts: (value): value is number =>
      Number.isInteger(value) && Number(value) >= minimum && Number(value) <= maximum,
  };
}

/** A size in bytes of at least `minimum`. */
export function bytes(minimum: number): Check<number> {
  return { ...integer(minimum), type: 'bytes' };
}

/** Whole milliseconds from `minimum` to `maximum`. */
export function wholeMilliseconds(minimum: number, maximum = MAX_DELAY): Check<number> {
  return { ...integer(minimum, maximum), type: 'ms' };
}

/** A time that a timer of Node.js accepts. */
export const milliseconds: Check<number> = {
  type: 'ms',
  expected: `milliseconds from 0 to ${MAX_DELAY}`,
  accepts: (value): value is number => typeof value === 'number' && value >= 0 && value <= MAX_DELAY,
};

export const finite: Check<number> = {
  type: 'number',
  expected: 'a finite number',
  accepts: (value): value is number => Number.isFinite(value),
};

export const boolean: Check<boolean> = {
  type: 'boolean',
  expected: 'true or false',
  accepts: (value) => typeof value === 'boolean',
};

export const string: Check<string> = {
  type: 'string',
  expected: 'a string',
  accepts: (value) => typeof value === 'string',
};

export const list: Check<unknown[]> = {
  type: 'array',
  expected: 'an array',
  accepts: (value) => Array.isArray(value),
};

export const path: Check<string | URL> = {
  type: 'path or `file:` URL',
  expected: 'a path or file: URL',
  accepts: (value) => typeof value === 'string' || value instanceof URL,
};

export const abortSignal: Check<AbortSignal> = {
  type: '`AbortSignal`',
  expected: 'an AbortSignal',
  accepts: (value) => value instanceof AbortSignal,
};

/** Any function: its parameters cannot be checked. */
export function callback<F extends (...args: never[]) => unknown>(): Check<F> {
  return { type: 'function', expected: 'a function', accepts: (value): value is F => typeof value === 'function' };
}

/** One of two strings or more. */
export function oneOf<const T extends readonly [string, string, ...string[]]>(...values: T): Check<T[number]> {
  const join = (texts: string[]) => `${texts.slice(0, -1).join(', ')} or ${texts.at(-1)}`;
  return {
    type: join(values.map((value) => `\`'${value}'\``)),
    expected: join(values.map((value) => JSON.stringify(value))),
    accepts: (value): value is T[number] => (values as readonly unknown[]).includes(value),
  };
}
