import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';

/** Linux shows it; it is not the name of a file. */
const NAME = '/memfd:aiomultiprocess';

const HANDLE = Symbol.for('aiomultiprocess.handle');

/** The parts of the form in which a shared value or array is sent: its kind, its address, and more. */
export function readParts(object: object): [kind: string, address: string, ...unknown[]] {
  return (object as Record<symbol, () => [string, string]>)[HANDLE]?.() ?? fail(object);
}

function fail(object: object): never {
  throw new Error(`expected something shared, got ${String(object)}`);
}

/** The inode of the region at an address. */
export function inodeOf(address: string): string {
  return address.split(':')[3] as string;
}

/**
 * The processes that have this region open or mapped. A region has no name in any folder, so its memory is free when there
 * are none.
 */
export function findHolders(inode: string): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => hasOpen(pid, inode) || hasMapped(pid, inode)).map(Number);
}

/** The inodes of the regions that a process has open. */
export function listOpenRegions(pid: number): string[] {
  return list(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      const path = `/proc/${pid}/fd/${fd}`;
      return readlinkSync(path).startsWith(NAME) ? String(statSync(path).ino) : [];
    } catch {
      return [];
    }
  });
}

/** The inodes of the regions that a process has open or mapped. */
export function listRegions(pid: number): string[] {
  const open = listOpenRegions(pid);
  const maps = readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n');
  const mapped = maps.filter((line) => line.includes(NAME)).map((line) => line.split(/ +/)[4] as string);
  return [...new Set([...open, ...mapped])];
}

function hasOpen(pid: string, inode: string): boolean {
  return list(`/proc/${pid}/fd`).some((fd) => {
    try {
      const stats = statSync(`/proc/${pid}/fd/${fd}`, { bigint: true });
      return String(stats.ino) === inode && stats.isFile() && stats.nlink === 0n;
    } catch {
      return false;
    }
  });
}

function hasMapped(pid: string, inode: string): boolean {
  try {
    // address permissions offset device inode path
    return readFileSync(`/proc/${pid}/maps`, 'utf8')
      .split('\n')
      .some((line) => line.split(/ +/)[4] === inode && line.includes('(deleted)'));
  } catch {
    return false;
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
