import { BootstrapError } from './errors.js';

/** What keeps pools from running in other runtimes. */
const MISSING = {
  bun: 'the node:inspector of Bun has no Runtime.evaluate, which tells where a function was written',
  deno: 'a child process of Deno does not get the permissions of its parent',
};

/** @throws {@link BootstrapError} in a runtime that is not Node.js. */
export function requireNode(what: string): void {
  for (const [name, missing] of Object.entries(MISSING)) {
    if (process.versions[name] === undefined) continue;
    throw new BootstrapError(`${what} needs Node.js: ${missing}; run the program with node`);
  }
}
