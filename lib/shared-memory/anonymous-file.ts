import { constants, openSync, statfsSync } from 'node:fs';

/** Where Linux keeps shared memory: a file system that lies in memory. */
const FOLDER = '/dev/shm';

/** `f_type` of a tmpfs. */
const TMPFS = 0x01021994;

/** Creates a file without a name. Node.js does not export this flag of Linux. */
const O_TMPFILE = 0o20_000_000 | constants.O_DIRECTORY;

/**
 * Opens a new file that lies in memory and has no name: nothing of it remains when the last process that has it open
 * ends, in whatever way.
 *
 * @returns its descriptor; undefined where that is impossible, as on other systems than Linux or without `/dev/shm`.
 */
export function openAnonymousFile(): number | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    if (statfsSync(FOLDER).type !== TMPFS) return undefined;
    return openSync(FOLDER, constants.O_RDWR | O_TMPFILE, 0o600);
  } catch {
    return undefined;
  }
}
