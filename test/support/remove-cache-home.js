import { rmSync } from 'node:fs';

/** Removes what cache-home.js has created. A child of the last test may still write into it. */
export default function removeCacheHome() {
  const { XDG_CACHE_HOME } = process.env;
  if (XDG_CACHE_HOME !== undefined) rmSync(XDG_CACHE_HOME, { recursive: true, force: true, maxRetries: 5 });
}
