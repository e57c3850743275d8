/**
 * Beside a file that a resumable run writes stands `<file>.lock`, with a line for each process that has asked for it. The
 * file belongs to the first of them that lives. A line is appended as one, and that of a process that is gone counts for
 * nothing: so neither a run that was killed nor two that find its lock at the same time need any care.
 */
import { appendFileSync, readFileSync, rmSync } from 'node:fs';
import { UsageError } from '../usage-error.js';

/**
 * Keeps other runs from a file until this process ends.
 *
 * @throws {@link UsageError} if a process that lives has it.
 */
export function claimFile(path: string): void {
  const lock = lockOf(path);
  while (!tryClaim(path, lock));
  process.once('exit', () => rmSync(lock, { force: true }));
}

/** @throws {@link UsageError} if a run that lives has claimed the file. */
export function refuseClaimed(path: string): void {
  const owner = findOwner(lockOf(path));
  if (owner !== undefined) refuse(path, owner);
}

export function lockOf(path: string): string {
  return `${path}.lock`;
}

/** @returns whether it is claimed now: its last owner may have removed the lock meanwhile, with the line of this process. */
function tryClaim(path: string, lock: string): boolean {
  appendFileSync(lock, `${process.pid} ${readStart(process.pid) ?? ''}\n`);
  const owner = findOwner(lock);
  if (owner !== undefined && owner !== process.pid) refuse(path, owner);
  return owner === process.pid;
}

function refuse(path: string, owner: number): never {
  throw new UsageError(`${path} is being written by another run with --resume: process ${owner}`);
}

function findOwner(lock: string): number | undefined {
  for (const line of readLock(lock).split('\n')) {
    const [pid, start] = line.split(' ');
    if (/^[1-9]\d*$/.test(pid as string) && lives(Number(pid), start)) return Number(pid);
  }
  return undefined;
}

function readLock(lock: string): string {
  try {
    return readFileSync(lock, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

/** Whether that process is there and, where that can be known, no later one that has got its id. */
function lives(pid: number, start: string | undefined): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const now = readStart(pid);
  return now === undefined || !start || now === start;
}

/** When a process has started, in the clock ticks of Linux; that of one that is dead and not yet buried is no number. */
function readStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Behind the name of the program, which may contain anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? 'dead' : fields[19];
  } catch {
    return undefined;
  }
}
