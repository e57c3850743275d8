/** What the options of a command take: from the text that was given to the value that is meant. */
import { statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { InvalidArgumentError } from 'commander';
import { type Validator, integer as validateInteger, time as validateTime } from '../lib/options.js';

/** A function that a module exports. */
export interface FunctionName {
  /** The URL of the module. */
  module: string;
  name: string;
  /** How it is called in messages. */
  label: string;
}

/** `./tasks.ts#fetchStatus`, from the current folder; without a name the default export. */
export function parseFunction(text: string): FunctionName {
  const at = text.lastIndexOf('#');
  const file = at < 0 ? text : text.slice(0, at);
  const name = at < 0 ? 'default' : text.slice(at + 1);
  if (name === '' || file === '') throw new InvalidArgumentError('It takes a module and an export: ./tasks.js#name');
  const path = findModule(file);
  return { module: pathToFileURL(path).href, name, label: name === 'default' ? basename(path) : name };
}

/** A parser for modules, of which there may be several. */
export function appendModule(text: string, before: string[] = []): string[] {
  return [...before, findModule(text)];
}

/** The path of the file that a path or a `file:` URL names. */
function findModule(file: string): string {
  const { path, isFile } = lookUp(file);
  if (!isFile) throw new InvalidArgumentError(`There is no file ${path}.`);
  return path;
}

function lookUp(file: string): { path: string; isFile: boolean } {
  try {
    const path = file.startsWith('file:') ? fileURLToPath(file) : resolve(file);
    return { path, isFile: statSync(path, { throwIfNoEntry: false })?.isFile() === true };
  } catch (error) {
    throw new InvalidArgumentError(`It names no file: ${(error as Error).message}.`);
  }
}

/** A parser of integers of at least `minimum`, and at most `maximum`. */
export function integer(minimum: number, maximum = Number.MAX_SAFE_INTEGER): (text: string) => number {
  const validate = validateInteger(minimum, maximum);
  return (text) => check(/^\d+$/.test(text) ? Number(text) : Number.NaN, validate);
}

function check(value: number, validate: Validator): number {
  const expected = validate(value);
  if (expected === undefined) return value;
  throw new InvalidArgumentError(`It takes ${expected}.`);
}

const MILLISECONDS: Readonly<Record<string, number>> = { '': 1, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A time in milliseconds, or with a unit: `500`, `30s`, `5m`, `2h`. */
export function parseTime(text: string): number {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? [];
  if (number === undefined) throw new InvalidArgumentError('It takes milliseconds, or a time as 30s, 5m or 2h.');
  return check(Math.round(Number(number) * (MILLISECONDS[unit] as number)), validateTime);
}

const POWERS = ['', 'k', 'm', 'g', 't'];

/** Bytes, or with a unit, each 1024 of the one before: `1000000`, `512M`, `2GiB`. */
export function parseSize(text: string): number {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)([kmgt]?)(?:i?b)?$/i.exec(text) ?? [];
  const size = Math.round(Number(number) * 1024 ** POWERS.indexOf(unit.toLowerCase()));
  if (!Number.isSafeInteger(size)) throw new InvalidArgumentError('It takes bytes, or a size as 512M or 2G.');
  return size;
}

export function parseArguments(text: string): unknown[] {
  const value = parseJson(text);
  if (Array.isArray(value)) return value;
  throw new InvalidArgumentError(`It takes a JSON array of arguments, such as '["a", 1]'.`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A parser for an option that may be given several times. */
export function append(text: string, before: string[] = []): string[] {
  return [...before, text];
}
