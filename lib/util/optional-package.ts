import { createRequire } from 'node:module';
import { MissingPackageError } from '../errors.js';

/**
 * Imports a package that only some programs need. `package.json` accepts every version of it: npm would otherwise refuse to
 * install this package into programs that use another version for something else.
 *
 * @param entry - what needs the package, for the message.
 * @param needed - the lowest version that works.
 * @throws (rejects) {@link MissingPackageError} if the package is not installed or too old.
 */
export async function importOptional<T>(
  entry: string,
  name: string,
  needed: string,
  imported: () => Promise<T>,
): Promise<T> {
  const installed = readVersion(name);
  if (installed !== undefined && isOlder(installed, needed)) {
    throw new MissingPackageError(entry, name, { tooOld: { installed, needed } });
  }
  try {
    return await imported();
  } catch (cause) {
    throw isNotInstalled(cause) ? new MissingPackageError(entry, name, { cause }) : cause;
  }
}

/** Whether an import, or a require in the CommonJS form of the package, failed because a package is not installed. */
export function isNotInstalled(cause: unknown): boolean {
  return (
    cause instanceof Error &&
    'code' in cause &&
    (cause.code === 'ERR_MODULE_NOT_FOUND' || cause.code === 'MODULE_NOT_FOUND')
  );
}

/** Compares the numbers of versions such as `6.7.0`. A pre-release counts as its release. */
export function isOlder(version: string, needed: string): boolean {
  const parts = version.split('.').map((part) => Number.parseInt(part, 10));
  for (const [at, least] of needed.split('.').map(Number).entries()) {
    const part = parts[at] ?? 0;
    if (part !== least) return part < least;
  }
  return false;
}

/** `undefined` if the package is not installed or hides its version. */
function readVersion(name: string): string | undefined {
  try {
    return createRequire(import.meta.url)(`${name}/package.json`).version;
  } catch {
    return undefined;
  }
}
