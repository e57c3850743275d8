/** Turns the tables of options in lib/ into flags of a command: their help, their parsers and their values. */
import { type Command, InvalidArgumentError, Option, type OptionValues } from 'commander';
import type { DocumentedOption } from '../../lib/util/validation.js';

type Table = Readonly<Record<string, DocumentedOption>>;

/** The options that have a flag. */
type Flagged<Options, FlagTable> = Pick<
  Options,
  { [Name in keyof FlagTable]: FlagTable[Name] extends { flag: string } ? Name : never }[keyof FlagTable] &
    keyof Options
>;

/** Explains the values of flags in the help of a command. */
export const VALUES = `
A <time> is in milliseconds, or has a unit: 500ms, 30s, 5m, 2h.
A <size> is in bytes, or has a unit: 512M, 2G.
`;

/** Adds a flag for each option of the table that has one. */
export function addFlags(command: Command, table: Table): Command {
  for (const option of Object.values(table)) {
    if (option.flag !== undefined) command.addOption(createFlag(option.flag, option));
  }
  return command;
}

/** Contains only the given options: the library has defaults for the others. */
export function readFlags<Options, FlagTable extends Table>(
  table: FlagTable,
  values: OptionValues,
): Flagged<Options, FlagTable> {
  const read: Record<string, unknown> = {};
  for (const [name, { flag }] of Object.entries<DocumentedOption>(table)) {
    const value: unknown = flag === undefined ? undefined : values[new Option(flag).attributeName()];
    if (value !== undefined) read[name] = value;
  }
  return read as Flagged<Options, FlagTable>;
}

function createFlag(flag: string, option: DocumentedOption): Option {
  const text = describeDefault(option);
  const description = `${summarize(option.description)}${text === undefined ? '' : ` (default: ${text})`}`;
  const created = new Option(flag, description)
    .makeOptionMandatory(option.required === true)
    .argParser((given) => parse(given, option));
  return option.variable === undefined ? created : created.env(option.variable);
}

function parse(given: string, { check }: DocumentedOption): unknown {
  const value = (PARSERS[check.type] ?? String)(given);
  if (!check.accepts(value)) throw new InvalidArgumentError(`Expected ${check.expected}.`);
  return value;
}

function parseInteger(text: string): number {
  return /^\d+$/.test(text) ? Number(text) : Number.NaN;
}

/** The parsers of values, by the type of the option. */
const PARSERS: Readonly<Record<string, (text: string) => unknown>> = {
  integer: parseInteger,
  'integer or object': parseInteger,
  'array of integers': (text) => text.split(',').map(parseInteger),
  'URL, object or array': parseConnections,
  'boolean or options': parsePort,
  ms: parseTime,
  bytes: parseSize,
  '`{ max, duration }`': parseRate,
};

/** The port of the dashboard. The flag takes the next word for it. */
function parsePort(text: string): { port: number } {
  const port = parseInteger(text);
  if (!(port <= 65_535)) throw new InvalidArgumentError('Expected a port; without one, write the flag last.');
  return { port };
}

/** One URL, or several with spaces between them. */
function parseConnections(text: string): string | string[] {
  const urls = text.split(/\s+/).filter(Boolean);
  return urls.length === 1 ? (urls[0] as string) : urls;
}

const MILLISECONDS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1, '': 1 };

/** A time in milliseconds, or with a unit: `500`, `30s`, `5m`, `2h`. */
function parseTime(text: string): number {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? [];
  if (number === undefined) throw new InvalidArgumentError('Expected milliseconds, or a time such as 30s, 5m or 2h.');
  return Math.round(Number(number) * (MILLISECONDS[unit] as number));
}

/** A number of tasks in a time: `100/1s`. */
function parseRate(text: string): { max: number; duration: number } {
  const [max, time, ...rest] = text.split('/');
  if (time === undefined || rest.length > 0)
    throw new InvalidArgumentError('Expected a number and a time, such as 100/1s.');
  return { max: parseInteger(max as string), duration: parseTime(time) };
}

const POWERS = ['', 'K', 'M', 'G', 'T'];

/** Bytes, or with a unit, each 1024 times the one before: `1000000`, `512M`, `2GiB`. */
function parseSize(text: string): number {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)([kmgt]?)(?:i?b)?$/i.exec(text) ?? [];
  const size = Math.round(Number(number) * 1024 ** POWERS.indexOf(unit.toUpperCase()));
  if (!Number.isSafeInteger(size)) throw new InvalidArgumentError('Expected bytes, or a size such as 512M or 2G.');
  return size;
}

/** The first sentence of a description, in the style of commander. */
function summarize(markdown: string): string {
  const [sentence = ''] = toPlainText(markdown).split(/\.(?: |$)/, 1);
  return sentence.replace(/^[A-Z](?=[a-z ])/, (letter) => letter.toLowerCase());
}

function describeDefault({ check, default: value, defaultText }: DocumentedOption): string | undefined {
  if (defaultText !== undefined) return toPlainText(defaultText) || undefined;
  if (value === undefined) return undefined;
  if (check.type === 'ms') return formatTime(Number(value));
  return check.type === 'bytes' ? formatSize(Number(value)) : String(value);
}

/** The shortest text that {@link parseTime} parses to this time. */
function formatTime(time: number): string {
  const [unit, factor] = Object.entries(MILLISECONDS).find(([, length]) => time > 0 && time % length === 0) ?? ['', 1];
  return `${time / factor}${unit}`;
}

/** The shortest text that {@link parseSize} parses to this size. */
function formatSize(size: number): string {
  const power = size === 0 ? 0 : POWERS.findLastIndex((_unit, exponent) => size % 1024 ** exponent === 0);
  return `${size / 1024 ** power}${POWERS[power]}`;
}

function toPlainText(markdown: string): string {
  return markdown.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll('`', '');
}
