import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Has the processes of all tests keep their compiled code in a folder of this run, instead of the user's cache. */
export default function createCacheHome() {
  process.env.XDG_CACHE_HOME = mkdtempSync(join(tmpdir(), 'aiomultiprocess-test-cache-'));
}
