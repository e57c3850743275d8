import { BootstrapError } from '../errors.js';

/** The permissions that a process and the pipe to it need in the permission model of Node.js. */
const NEEDED = [
  ['child', '--allow-child-process'],
  ['net', '--allow-net'],
] as const;

/** @throws {@link BootstrapError} that names the missing flags. */
export function requirePermissions(what: string): void {
  const missing = NEEDED.filter(([scope, flag]) => forbids(scope, flag)).map(([, flag]) => flag);
  if (missing.length === 0) return;
  throw new BootstrapError(
    `${what} needs permissions that this program lacks: run node with ${missing.join(' ')}, next to --permission`,
  );
}

/** Without the flag, a version of Node.js does not restrict the permission, or cannot grant it. */
export function forbids(scope: string, flag: string): boolean {
  return process.permission?.has(scope) === false && process.allowedNodeEnvironmentFlags.has(flag);
}
