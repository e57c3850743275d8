import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { UsageError } from '../usage-error.js';
import { claimFile, refuseClaimed } from './file-claim.js';
import { Journal, type Run } from './journal.js';
import { toRealPath } from './real-path.js';
import type { Files } from './result-writer.js';
import type { MapSettings } from './settings.js';
import { TextFile } from './text-file.js';

const STDOUT = 1;

/**
 * Keeps other runs from what one with `--resume` writes; one without only looks whether another has it.
 *
 * @throws {@link UsageError} if another has it.
 */
export async function claimFiles({ output, errorFile, resume }: MapSettings): Promise<void> {
  const claim = resume ? claimFile : refuseClaimed;
  for (const path of [output, errorFile]) {
    if (path !== undefined) await opening(path, () => claim(toRealPath(path)));
  }
}

/**
 * Opens the journal of a run that keeps one.
 *
 * @throws {@link UsageError} if there is that of another run, or that of one that has not finished.
 */
export async function openJournal(settings: MapSettings, inputs: readonly string[]): Promise<Journal | undefined> {
  const { output, resume } = settings;
  if (output === undefined) return undefined;
  const path = `${output}.journal`;
  if (resume) return opening(path, () => Journal.open(path, describeRun(settings, inputs)));
  await Journal.discard(path);
  return undefined;
}

/** What must be the same when the run is resumed; how fast it is need not be. */
function describeRun({ target, format, ordered, onError, errorFile }: MapSettings, inputs: readonly string[]): Run {
  return {
    function: `${target.module}#${target.name}`,
    format,
    input: inputs,
    unordered: !ordered,
    'on-error': onError,
    ...(errorFile !== undefined && { 'error-file': resolve(errorFile) }),
  };
}

/**
 * Opens what a run writes: anew, or behind what its journal knows.
 *
 * @throws {@link UsageError} if one cannot be written, or not be resumed.
 */
export async function openFiles({ output, errorFile }: MapSettings, journal: Journal | undefined): Promise<Files> {
  const position = journal?.position;
  return {
    output: output === undefined ? new TextFile(STDOUT) : await openFile(output, position?.output),
    errors: errorFile === undefined ? undefined : await openFile(errorFile, position?.errors),
    journal,
  };
}

function openFile(path: string, length: number | undefined): Promise<TextFile> {
  return opening(path, () => (length === undefined ? TextFile.create(path) : reopen(path, length)));
}

function reopen(path: string, length: number): TextFile {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size >= length) return TextFile.reopen(path, length);
  throw new UsageError(
    `${path} has ${size} bytes, but its journal knows of ${length}: it was changed since; ` +
      'remove the journal to begin again',
  );
}

async function opening<T>(path: string, open: () => T | Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`cannot write ${path}: ${(error as Error).message}`);
  }
}

/** @throws {@link UsageError} if a file that is to be written is also an input, or both are one. */
export function refuseSameFiles({ output, errorFile }: MapSettings, inputs: readonly string[]): void {
  const outputs = [output, errorFile].filter((path) => path !== undefined);
  const read = new Set(inputs.map(toRealPath));
  const both = outputs.find((path) => read.has(toRealPath(path)));
  if (both !== undefined) throw new UsageError(`${both} cannot be written: it is also an input`);
  if (new Set(outputs.map(toRealPath)).size < outputs.length) {
    throw new UsageError(`${output} cannot take both the results and the errors`);
  }
}
