import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StartOptions } from '../../protocol/start-options.js';
import { RealDate, setInterval } from '../../util/clock.js';

/** Where a server listens. */
export interface Endpoint {
  /** A folder that only the server uses; on Linux, the one of its process in `/proc`. */
  folder: string;
  /** The path of its socket. */
  path: string;
}

/** Where the server of a manager listens, and the key that its clients must know. */
export interface ServerAddress extends Endpoint {
  /** Hexadecimal digits. */
  key: string;
}

/** The first message to the server. */
export type ServerOptions = StartOptions & ServerAddress;

/** The longest path of a socket, in bytes, that every Unix accepts. */
const MAX_PATH = 103;
const NAME_SIZE = 16;
/** How often a temporary folder is touched, in milliseconds: systems remove folders that were unused for days. */
const TOUCH_PERIOD = 3_600_000;

/**
 * Chooses where a server will listen.
 *
 * On Linux it is an abstract socket, which a clean-up of temporary files cannot remove. Abstract sockets have no
 * permissions: only the key keeps others out. Elsewhere it is a socket in a folder that only this user may enter, or a
 * named pipe.
 *
 * @param pid - the process of the server.
 * @throws Error if the folder cannot be created.
 */
export function createEndpoint(pid: number | undefined): Endpoint {
  if (process.platform === 'linux') return { folder: `/proc/${pid}`, path: `\0aiomultiprocess-${createName()}` };
  const folder = createFolder();
  return { folder, path: process.platform === 'win32' ? toPipeName(folder) : join(folder, 'manager.sock') };
}

/** Whether the server runs or is starting. */
export function isServerAlive(endpoint: Endpoint): boolean {
  return hasFolder(endpoint) ? existsSync(endpoint.folder) : isRunning(endpoint.folder);
}

/** A zombie stays in /proc until its parent reaps it, which some parents never do. */
function isRunning(folder: string): boolean {
  try {
    const stat = readFileSync(join(folder, 'stat'), 'latin1');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}

/** Removes the folder that {@link createEndpoint} created. */
export function removeEndpoint(endpoint: Endpoint): void {
  if (hasFolder(endpoint)) rmSync(endpoint.folder, { recursive: true, force: true });
}

/** Keeps the system from removing the folder while the server runs. */
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

/** Random, so that another process cannot take the name first. */
function createName(): string {
  return process.getBuiltinModule('node:crypto').randomBytes(NAME_SIZE).toString('hex');
}

function createFolder(): string {
  const parent = chooseFolder();
  try {
    return mkdtempSync(join(parent, 'aiomultiprocess-'));
  } catch (cause) {
    throw new Error(
      `Manager: cannot create a folder for its socket in ${parent}; set TMPDIR to a folder that this user may write to`,
      { cause },
    );
  }
}

/** The folder for temporary files, or `/tmp` if the path of a socket in it would be too long. */
function chooseFolder(): string {
  const folder = tmpdir();
  const longest = join(folder, 'aiomultiprocess-XXXXXX', 'manager.sock');
  return process.platform !== 'win32' && Buffer.byteLength(longest) > MAX_PATH ? '/tmp' : folder;
}

/** Named pipes have no folders. The random part of the folder's name makes this name unguessable. */
function toPipeName(folder: string): string {
  return `\\\\.\\pipe\\${folder.replaceAll(/[^\w-]/g, '-')}`;
}
