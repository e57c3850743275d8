// Removes the build, so that the package does not contain files of deleted sources.
import { rmSync } from 'node:fs';

rmSync(new URL('../dist/', import.meta.url), { recursive: true, force: true });
