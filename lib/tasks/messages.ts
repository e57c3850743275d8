/** The wording that every error about a function shares: which function, where it stands, what to do. */

import { fileURLToPath } from 'node:url';

export const FIXES =
  'export it from its module, name its module with task(import.meta.url, fn), or send its source with inline(fn)';

/** `'work' (/app/tasks.js:12)`, as far as both are known. */
export function nameFunction(name: string, file = '', line = 0): string {
  const shown = `'${name || '(anonymous)'}'`;
  return file === '' ? shown : `${shown} (${toPath(file)}${line > 0 ? `:${line}` : ''})`;
}

/** A `file:` URL as the path that people click on; anything else as it is. */
export function toPath(url: string): string {
  try {
    return fileURLToPath(url);
  } catch {
    return url;
  }
}
