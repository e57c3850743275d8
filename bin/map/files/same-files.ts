import { type BigIntStats, fstatSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { STDIN_FD, STDOUT_FD } from '../../util/descriptors.js';
import { UsageError } from '../../util/errors.js';
import { STDIN } from '../input/find-inputs.js';
import { journalPath } from '../journal/journal.js';
import type { MapSettings } from '../settings.js';
import { lockPath } from './lock-file.js';
import { toRealPath } from './real-path.js';

/** @throws {@link UsageError} if the run would write a file that it also reads, or one file for two purposes. */
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
  for (const input of inputs) read(input === STDIN ? identifyOpen(STDIN_FD) : identify(input), 'an input');
  if (output === undefined) write('stdout', identifyOpen(STDOUT_FD), 'the output');
  else write(output, identify(output), 'the output');
  if (errorFile !== undefined) write(errorFile, identify(errorFile), 'the error file');
  if (output === undefined) return;
  const besides = [journalPath(output), ...[output, errorFile ?? output].map((path) => lockPath(toRealPath(path)))];
  for (const path of new Set(besides)) write(path, identify(path), 'written beside the output');
}

/** The same for all names of a file. `undefined` for pipes and devices, which may be used twice. */
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
