import { BootstrapError } from '../errors.js';

/** What the permission model of Node.js must allow for starting a process and for the pipe to it. */
const NEEDED = [
  ['child', '--allow-child-process'],
  ['net', '--allow-net'],
] as const;

/** @throws {@link BootstrapError} that names the flags which are missing. */
export function requirePermissions(what: string): void {
  const missing = NEEDED.filter(([scope, flag]) => forbids(scope, flag)).map(([, flag]) => flag);
  if (missing.length === 0) return;
  throw new BootstrapError(
    `${what} needs more permissions than this program has: run node with ${missing.join(' ')}, next to --permission`,
  );
}

/** A version of Node.js without the flag does not restrict that permission, or has no way to grant it. */
export function forbids(scope: string, flag: string): boolean {
  return process.permission?.has(scope) === false && process.allowedNodeEnvironmentFlags.has(flag);
}
