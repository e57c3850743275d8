/** Finds the bundle that contains a module whose own file does not run. */

import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * The bundle whose code calls this package in the name of `module`. webpack replaces `import.meta.url` with the URL of
 * the source, but a child has to import the bundle to run that code.
 *
 * @returns undefined if the file of `module` is on the stack, or the stack names no file.
 */
export function findBundle(module: string): string | undefined {
  const files = listCallers();
  const [own] = files;
  const callers = files.filter((file) => file !== own && file.startsWith('file:'));
  const isFound = callers.some((file) => withoutQuery(file) === withoutQuery(module));
  return isFound ? undefined : callers[0];
}

/** The URLs of the files on the stack, the innermost first; '' for code without a file. */
function listCallers(): string[] {
  const { prepareStackTrace, stackTraceLimit } = Error;
  try {
    Error.stackTraceLimit = 50;
    Error.prepareStackTrace = (_error, sites) => sites.map(fileOf);
    const { stack }: { stack?: unknown } = new Error();
    return Array.isArray(stack) ? stack.map(String) : [];
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    if (prepareStackTrace === undefined) Reflect.deleteProperty(Error, 'prepareStackTrace');
    else Error.prepareStackTrace = prepareStackTrace;
  }
}

/** A development bundle evaluates its modules as text: then the file is that of the bundle. */
function fileOf(site: NodeJS.CallSite): string {
  const origin = site.isEval() ? /.*\((.+?):\d+:\d+\)/.exec(site.getEvalOrigin() ?? '')?.[1] : undefined;
  const name = origin ?? site.getFileName() ?? '';
  return isAbsolute(name) ? pathToFileURL(name).href : name;
}

function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/s, '');
}
