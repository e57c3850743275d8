/** Parsers for the arguments and options of the commands. */
import { statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { InvalidArgumentError } from 'commander';

/** A function that a module exports. */
export interface FunctionName {
  /** The URL of the module. */
  module: string;
  name: string;
  /** The name in messages. */
  label: string;
}

/** Parses `./tasks.ts#fetchStatus`, relative to the current folder. Without a name, it is the default export. */
export function parseFunction(text: string): FunctionName {
  const at = text.lastIndexOf('#');
  const file = at < 0 ? text : text.slice(0, at);
  const name = at < 0 ? 'default' : text.slice(at + 1);
  if (name === '' || file === '')
    throw new InvalidArgumentError('Expected a module and its export, such as ./tasks.js#name.');
  const path = findModule(file);
  return { module: pathToFileURL(path).href, name, label: name === 'default' ? basename(path) : name };
}

/** Parses an argument that may be repeated, into the paths of modules. */
export function appendModule(text: string, before: string[] = []): string[] {
  return [...before, findModule(text)];
}

/** Resolves a path or a `file:` URL to the path of a file. */
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
    throw new InvalidArgumentError(`Expected a file: ${(error as Error).message}.`);
  }
}

export function parseArguments(text: string): unknown[] {
  const value = parseJson(text);
  if (Array.isArray(value)) return value;
  throw new InvalidArgumentError(`Expected a JSON array of arguments, such as '["a", 1]'.`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Parses an option that may be repeated. */
export function append(text: string, before: string[] = []): string[] {
  return [...before, text];
}
