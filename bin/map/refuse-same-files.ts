import { type BigIntStats, fstatSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { UsageError } from '../usage-error.js';
import { lockOf } from './file-claim.js';
import { STDIN } from './find-inputs.js';
import { journalOf } from './journal.js';
import { toRealPath } from './real-path.js';
import type { MapSettings } from './settings.js';

const STDIN_DESCRIPTOR = 0;
const STDOUT_DESCRIPTOR = 1;

/** @throws {@link UsageError} if a file that is to be written is also one that is read, or two of them are one. */
export function refuseSameFiles(settings: MapSettings, inputs: readonly string[]): void {
  const { target, initializer, output, errorFile } = settings;
  const uses = new Map<string, string>();
  const read = (identity: string | undefined, use: string) => identity !== undefined && uses.set(identity, use);
  const write = (path: string, identity: string | undefined, use: string) => {
    const other = identity === undefined ? undefined : uses.get(identity);
    if (other !== undefined) throw new UsageError(`${path} cannot be written: it is also ${other}`);
    read(identity, use);
  };
  for (const each of [target, initializer]) {
    if (each !== undefined) read(identify(fileURLToPath(each.module)), 'a module of this run');
  }
  for (const input of inputs) read(input === STDIN ? identifyOpen(STDIN_DESCRIPTOR) : identify(input), 'an input');
  if (output === undefined) write('stdout', identifyOpen(STDOUT_DESCRIPTOR), 'the output');
  else write(output, identify(output), 'the output');
  if (errorFile !== undefined) write(errorFile, identify(errorFile), 'the file of errors');
  if (output === undefined) return;
  const besides = [journalOf(output), ...[output, errorFile ?? output].map((path) => lockOf(toRealPath(path)))];
  for (const path of new Set(besides)) write(path, identify(path), 'written beside the output');
}

/** The same for all names of a file; `undefined` for a pipe or a device, which may well be used twice. */
function identify(path: string): string | undefined {
  try {
    return toIdentity(statSync(path, { bigint: true }));
  } catch {
    return toRealPath(path);
  }
}

function identifyOpen(descriptor: number): string | undefined {
  return toIdentity(fstatSync(descriptor, { bigint: true }));
}

function toIdentity(stats: BigIntStats): string | undefined {
  return stats.isFile() ? `${stats.dev}:${stats.ino}` : undefined;
}
