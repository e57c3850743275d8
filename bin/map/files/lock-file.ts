/**
 * `<file>.lock` keeps other runs from a file that a resumable run writes. Each process that wants the file appends a line
 * with its id; the first one in the list that is still alive owns the file. Appending a line is atomic, and lines of dead
 * processes are ignored, so neither a killed run nor two runs that race for the lock need special care.
 */
import { appendFileSync, readFileSync, rmSync } from 'node:fs';
import { UsageError } from '../../util/errors.js';

/**
 * Locks a file until this process exits.
 *
 * @throws {@link UsageError} if a live process owns it.
 */
export function lockFile(path: string): void {
  const lock = lockPath(path);
  while (!tryLock(path, lock));
  process.once('exit', () => rmSync(lock, { force: true }));
}

/** @throws {@link UsageError} if a live process owns the file. */
export function refuseLocked(path: string): void {
  const owner = findOwner(lockPath(path));
  if (owner !== undefined) refuse(path, owner);
}

export function lockPath(path: string): string {
  return `${path}.lock`;
}

/** @returns `false` if the previous owner has meanwhile removed the lock, together with this process's line. */
function tryLock(path: string, lock: string): boolean {
  appendFileSync(lock, `${process.pid} ${readStartTime(process.pid) ?? ''}\n`);
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
    if (/^[1-9]\d*$/.test(pid as string) && isAlive(Number(pid), start)) return Number(pid);
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

/** Also compares the start time, where the platform tells it: a later process may have the same id. */
function isAlive(pid: number, start: string | undefined): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const now = readStartTime(pid);
  return now === undefined || !start || now === start;
}

/** When the process started, in Linux clock ticks; `dead` for a zombie. */
function readStartTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The fields follow the program's name, which may contain spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? 'dead' : fields[19];
  } catch {
    return undefined;
  }
}
