import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RealDate, setInterval } from '../util/clock.js';

/** Where a server listens. */
export interface Endpoint {
  /** A folder for the server alone; on Linux that of its process. */
  folder: string;
  path: string;
}

/** A path of a socket can't be longer than this on any system that has them. */
const MAX_PATH = 103;
const NAME_SIZE = 16;
/** How often a temporary folder is touched, in milliseconds: systems remove those that nothing has used for days. */
const TOUCH_PERIOD = 3_600_000;

/**
 * Chooses where a server will listen.
 *
 * On Linux it is a name in the kernel, which no clean-up of temporary files can take away. Such a name has no permissions:
 * the key is what keeps others out. Elsewhere it is a socket in a folder that only this user may enter, or a named pipe.
 *
 * @param pid - the process of the server.
 * @throws Error if there is no folder for it.
 */
export function createEndpoint(pid: number | undefined): Endpoint {
  if (process.platform === 'linux') return { folder: `/proc/${pid}`, path: `\0aiomultiprocess-${createName()}` };
  const folder = createFolder();
  return { folder, path: process.platform === 'win32' ? toPipeName(folder) : join(folder, 'manager.sock') };
}

/** Whether the server runs, or is about to. */
export function isThere(endpoint: Endpoint): boolean {
  return hasFolder(endpoint) ? existsSync(endpoint.folder) : isRunning(endpoint.folder);
}

/** A process that has ended may stay in /proc until its parent takes note, which some never do. */
function isRunning(folder: string): boolean {
  try {
    const stat = readFileSync(join(folder, 'stat'), 'latin1');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}

/** Removes what {@link createEndpoint} has made. */
export function removeEndpoint(endpoint: Endpoint): void {
  if (hasFolder(endpoint)) rmSync(endpoint.folder, { recursive: true, force: true });
}

/** Keeps the system from removing it while the server lives. */
export function keepFresh(endpoint: Endpoint): void {
  if (!hasFolder(endpoint)) return;
  const touch = () => {
    const now = new RealDate();
    utimesSync(endpoint.folder, now, now);
  };
  setInterval(touch, TOUCH_PERIOD).unref();
}

function hasFolder({ path }: Endpoint): boolean {
  return !path.startsWith('\0');
}

/** It cannot be guessed, so it cannot be taken before. */
function createName(): string {
  return process.getBuiltinModule('node:crypto').randomBytes(NAME_SIZE).toString('hex');
}

function createFolder(): string {
  const parent = chooseFolder();
  try {
    return mkdtempSync(join(parent, 'aiomultiprocess-'));
  } catch (cause) {
    throw new Error(
      `Manager: no folder for its socket can be made in ${parent}; set TMPDIR to a folder that this user may write to`,
      { cause },
    );
  }
}

/** The folder for temporary files; another one if sockets cannot have so long a path. */
function chooseFolder(): string {
  const folder = tmpdir();
  const longest = join(folder, 'aiomultiprocess-XXXXXX', 'manager.sock');
  return process.platform !== 'win32' && Buffer.byteLength(longest) > MAX_PATH ? '/tmp' : folder;
}

/** Named pipes have no folders; the name of this one can't be guessed either. */
function toPipeName(folder: string): string {
  return `\\\\.\\pipe\\${folder.replaceAll(/[^\w-]/g, '-')}`;
}
