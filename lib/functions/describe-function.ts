/** The words that errors about functions share: which function, where it is, what to do. */

import { fileURLToPath } from 'node:url';

export const FIXES =
  'export it from its module, name its module with task(import.meta.url, fn), or send its source with inline(fn)';

/** `'work' (/app/tasks.js:12)`, without the file or the line if it is unknown. */
export function nameFunction(name: string, file = '', line = 0): string {
  const shown = `'${name || '(anonymous)'}'`;
  return file === '' ? shown : `${shown} (${toPath(file)}${line > 0 ? `:${line}` : ''})`;
}

/** A `file:` URL as a path, which terminals and editors link; anything else unchanged. */
export function toPath(url: string): string {
  try {
    return fileURLToPath(url);
  } catch {
    return url;
  }
}

/** What is imported for the function of an address. */
export function describeModule({ module }: { kind: string; module?: string }): string {
  return module === undefined ? 'its source' : toPath(module);
}
