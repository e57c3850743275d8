/** One spelling for the URL of a module, so that both processes name a module by the same string. */

import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { isObject } from '../util/guards.js';

/**
 * Takes `import.meta.url`, `__filename` or a URL object.
 *
 * @throws TypeError for anything else; a relative path would mean another file in another process.
 */
export function toModuleUrl(moduleUrl: unknown, caller: string): string {
  const given = hrefOf(moduleUrl);
  if (isAbsolute(given)) return pathToFileURL(given).href;
  if (/^(file|data):/i.test(given) && URL.canParse(given)) return new URL(given).href;
  throw new TypeError(
    `${caller} needs the URL of a module as its first argument, such as import.meta.url or ` +
      `new URL('./tasks.js', import.meta.url), or an absolute path; it was given ${inspect(moduleUrl, { depth: 0 })}`,
  );
}

/** Reads the property, not the class: inside a vm context `instanceof URL` can be false for a URL. */
function hrefOf(moduleUrl: unknown): string {
  if (typeof moduleUrl === 'string') return moduleUrl;
  return isObject(moduleUrl) && typeof moduleUrl.href === 'string' ? moduleUrl.href : '';
}
