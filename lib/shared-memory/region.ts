import {
  type BigIntStats,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  openSync,
  readSync,
  statSync,
  writeSync,
} from 'node:fs';
import { ProtocolError, SharedMemoryError } from '../errors.js';
import { nextTick } from '../util/clock.js';
import { openAnonymousFile } from './anonymous-file.js';
import { loadLibc, SEAL_GROWING, SEAL_SEALS, SEAL_SHRINKING, SEAL_WRITING } from './libc.js';

/**
 * Regions of shared memory: files that lie in memory and have no name. A process opens the region of another one through
 * the descriptors that Linux lists for each process.
 */

/** A region that this process has created. */
export interface Region {
  readonly fd: number;
  readonly isMemfd: boolean;
  close(): void;
}

/** @returns an empty region; undefined where there is no such memory. */
export function createRegion(): Region | undefined {
  const { libc } = loadLibc();
  try {
    if (libc !== undefined) {
      const fd = libc.createMemfd();
      return { fd, isMemfd: true, close: () => closeSync(fd) };
    }
  } catch {
    // There may be a file instead.
  }
  const fd = openAnonymousFile();
  return fd === undefined ? undefined : { fd, isMemfd: false, close: () => closeSync(fd) };
}

/** No process can write to the region from now on. */
export function makeReadOnly({ fd, isMemfd }: Region): void {
  if (isMemfd) loadLibc().libc?.addSeals(fd, SEAL_SHRINKING | SEAL_GROWING | SEAL_WRITING | SEAL_SEALS);
  else fchmodSync(fd, 0o400);
}

/** Every process that has the region can write to it, and none can change its size from now on. */
export function fixSize({ fd }: Region): void {
  loadLibc().libc?.addSeals(fd, SEAL_SHRINKING | SEAL_GROWING | SEAL_SEALS);
}

/** Whether the content of a file can neither change nor vanish, whatever the process does that created it. */
export function isImmutable(fd: number): boolean {
  return hasSeals(fd, SEAL_SHRINKING | SEAL_GROWING | SEAL_WRITING);
}

/** Whether the size of a file can no longer change. */
export function isFixedSize(fd: number): boolean {
  return hasSeals(fd, SEAL_SHRINKING | SEAL_GROWING);
}

function hasSeals(fd: number, seals: number): boolean {
  const { libc } = loadLibc();
  return libc !== undefined && (libc.readSeals(fd) & seals) === seals;
}

/** A descriptor of a process, and the file that it must refer to: the process may have closed it and opened another. */
export interface RegionAddress {
  readonly pid: number;
  readonly fd: number;
  readonly device: string;
  readonly inode: string;
  /** In bytes. */
  readonly size: number;
}

export function addressOfRegion(fd: number): RegionAddress {
  const { dev, ino, size } = fstatSync(fd, { bigint: true });
  return { pid: process.pid, fd, device: String(dev), inode: String(ino), size: Number(size) };
}

export function formatAddress({ pid, fd, device, inode, size }: RegionAddress): string {
  return `${pid}:${fd}:${device}:${inode}:${size}`;
}

const ADDRESS = /^([1-9]\d{0,9}):(\d{1,9}):(\d{1,20}):(\d{1,20}):(\d{1,15})$/;

/** @throws {@link ProtocolError} if it is none. */
export function parseAddress(text: unknown): RegionAddress {
  const match = typeof text === 'string' ? ADDRESS.exec(text) : null;
  if (match === null) throw new ProtocolError('a handle of shared memory has an invalid address');
  const [, pid, fd, device = '', inode = '', size] = match;
  return { pid: Number(pid), fd: Number(fd), device, inode, size: Number(size) };
}

/**
 * Opens a region of another process.
 *
 * The address may be forged: only a regular file without a name is opened, which has no effect on it and cannot block.
 *
 * @returns a descriptor of this process.
 * @throws {@link SharedMemoryError} if the region is gone, or this process may not open it.
 */
export function openRegion(address: RegionAddress, access: 'read' | 'write'): number {
  const path = pathOf(address);
  let fd: number;
  try {
    if (!isRegion(statSync(path, { bigint: true }), address)) throw createGoneError(address);
    const flags = access === 'read' ? constants.O_RDONLY : constants.O_RDWR;
    fd = openSync(path, flags | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    throw error instanceof SharedMemoryError ? error : explain(error as NodeJS.ErrnoException, address, access);
  }
  if (isRegion(fstatSync(fd, { bigint: true }), address)) return fd;
  closeSync(fd);
  throw createGoneError(address);
}

/** Whether the process still has the region open, as far as this process can see. */
export function isRegionOpen(address: RegionAddress): boolean {
  try {
    return isRegion(statSync(pathOf(address), { bigint: true }), address);
  } catch {
    return false;
  }
}

function pathOf({ pid, fd }: RegionAddress): string {
  return `/proc/${pid}/fd/${fd}`;
}

function isRegion(stats: BigIntStats, { device, inode, size }: RegionAddress): boolean {
  const isSame = String(stats.dev) === device && String(stats.ino) === inode && stats.size === BigInt(size);
  return isSame && stats.isFile() && stats.nlink === 0n;
}

function createGoneError({ pid }: RegionAddress, cause?: unknown): SharedMemoryError {
  return new SharedMemoryError(
    `shared memory cannot be opened: process ${pid}, which owns it, has disposed it or ended; ` +
      'keep it until its last task has ended',
    { cause },
  );
}

function explain(cause: NodeJS.ErrnoException, address: RegionAddress, access: 'read' | 'write'): SharedMemoryError {
  const { code, message } = cause;
  if ((code === 'ENOENT' || code === 'ESRCH') && !isHidden(address.pid)) return createGoneError(address, cause);
  const isForbidden = code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES' || code === 'EPERM';
  const advice = isForbidden
    ? `this process may not see the descriptors of process ${address.pid}, which runs or has started as another user; ` +
      'read it in the initializer, before a process changes its user, or send the value itself'
    : code === 'ERR_ACCESS_DENIED'
      ? `run node with --allow-fs-read=/proc/${access === 'write' ? ' and --allow-fs-write=/proc/' : ''}, next to --permission`
      : 'send the value itself';
  return new SharedMemoryError(`shared memory cannot be opened (${message}): ${advice}`, { cause });
}

/** Whether a process exists that /proc does not show, because it belongs to another user. */
function isHidden(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The user for which it was last found out. */
let checkedUser: number | undefined;
let isVisible = false;
let isChecked = false;

/**
 * Whether other processes of the same user can open the regions of this process. They cannot once it has changed its user:
 * the kernel then shows its descriptors to root only.
 */
export function isVisibleToOthers(): boolean {
  // Once in a turn of the event loop: many handles are sent in one.
  if (isChecked) return isVisible;
  isChecked = true;
  nextTick(() => {
    isChecked = false;
  });
  const user = process.geteuid?.();
  if (user === checkedUser) return isVisible;
  checkedUser = user;
  try {
    isVisible = statSync('/proc/self/fd').uid === user;
  } catch {
    isVisible = false;
  }
  return isVisible;
}

/** The most that Linux writes or reads at once. */
const MAX_TRANSFER = 0x7fff_f000;

/** Writes all bytes. */
export function writeAll(fd: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.byteLength; ) {
    done += writeSync(fd, bytes, done, Math.min(bytes.byteLength - done, MAX_TRANSFER), position + done);
  }
}

/**
 * Fills memory with the bytes at `position`.
 *
 * @throws {@link ProtocolError} if the file ends before.
 */
export function readAll(fd: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.byteLength; ) {
    const count = readSync(fd, bytes, done, Math.min(bytes.byteLength - done, MAX_TRANSFER), position + done);
    if (count === 0) throw new ProtocolError('shared memory ends before its value');
    done += count;
  }
}
