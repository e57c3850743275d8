/**
 * Has children keep the code that V8 compiles in a folder, so that later ones do not compile the same modules again.
 *
 * Node.js reads and writes the folder. It is named to a child by the environment: then the cache is on before the child
 * loads anything, also for its own entry and for modules that `--import` and `--require` name. Versions before 22.1 ignore
 * the variable.
 */
import { chmodSync, existsSync, mkdirSync, realpathSync, statSync } from 'node:fs';
import Module from 'node:module';
import { homedir } from 'node:os';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { setTimeout } from '../util/clock.js';

const VARIABLE = 'NODE_COMPILE_CACHE';

/** What versions of Node.js with a compile cache have, and the types of the oldest version lack. */
interface CachingModule {
  getCompileCacheDir?(): string | undefined;
  /** Since Node.js 22.10. */
  flushCompileCache?(): void;
}

const caching = Module as typeof Module & CachingModule;

/**
 * The environment variable with which a child starts; none if the program has a setting of its own, if the cache is
 * disabled, or if there is no folder for it. Coverage is less precise in functions that come from a cache.
 *
 * @param env - the environment of the child.
 */
export function requestCompileCache(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  if (caching.getCompileCacheDir === undefined || env[VARIABLE] !== undefined) return {};
  if (env.NODE_V8_COVERAGE || env.NODE_DISABLE_COMPILE_CACHE) return {};
  const folder = findProgramFolder() ?? getFolder();
  return folder === undefined ? {} : { [VARIABLE]: folder };
}

/** The folder that this program itself uses. In it Node.js has a folder for each of its versions, and names that one. */
function findProgramFolder(): string | undefined {
  const folder = caching.getCompileCacheDir?.();
  return folder !== undefined && /^v\d/.test(basename(folder)) ? dirname(folder) : folder;
}

/** Removes the variable, which Node.js has read: it must not affect the programs that a task starts. */
export function forgetCompileCache(env: NodeJS.ProcessEnv): void {
  delete env[VARIABLE];
}

let found: { folder: string | undefined } | undefined;

function getFolder(): string | undefined {
  found ??= { folder: prepareFolder() };
  return found.folder;
}

/**
 * Creates the folder of this user.
 *
 * @returns `undefined` if another user could replace the code in it, or it cannot be created: that is not an error.
 */
function prepareFolder(): string | undefined {
  try {
    const home = findCacheHome();
    if (home === undefined) return undefined;
    const path = join(home, 'aiomultiprocess');
    // Before anything is created: with `sudo`, the folder may be in the home of another user.
    if (!isTrusted(realpathSync(findExisting(path)))) return undefined;
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const folder = realpathSync(path);
    return isTrusted(folder) && isPrivate(folder) ? folder : undefined;
  } catch {
    return undefined;
  }
}

/** Where caches of this user lie; `undefined` if the user has no home. */
function findCacheHome(): string | undefined {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  // By its specification a relative path is invalid and must be ignored.
  if (XDG_CACHE_HOME !== undefined && isAbsolute(XDG_CACHE_HOME)) return XDG_CACHE_HOME;
  if (process.platform === 'win32' && LOCALAPPDATA !== undefined && isAbsolute(LOCALAPPDATA)) return LOCALAPPDATA;
  const home = homedir();
  // Services often have a home that does not exist on purpose.
  if (!isAbsolute(home) || !existsSync(home)) return undefined;
  return process.platform === 'darwin' ? join(home, 'Library', 'Caches') : join(home, '.cache');
}

function findExisting(path: string): string {
  return existsSync(path) ? path : findExisting(dirname(path));
}

/**
 * Whether only this user and root can replace the folder or one that contains it.
 *
 * @param folder - a path without symbolic links.
 */
function isTrusted(folder: string): boolean {
  const user = process.geteuid?.();
  // Windows has no such modes. The folder of applications there belongs to its user.
  if (user === undefined) return true;
  const { uid, mode } = statSync(folder);
  const isReplaceable = (mode & 0o022) !== 0 && (mode & 0o1000) === 0;
  if ((uid !== user && uid !== 0) || isReplaceable) return false;
  const parent = dirname(folder);
  return parent === folder || isTrusted(parent);
}

/** Whether the folder belongs to this user alone. Takes the permission to read it from others. */
function isPrivate(folder: string): boolean {
  const user = process.geteuid?.();
  if (user === undefined) return true;
  const { uid, mode } = statSync(folder);
  if (uid !== user || (mode & 0o022) !== 0) return false;
  // Node.js creates a folder again that was removed meanwhile, with the usual permissions.
  if ((mode & 0o077) !== 0) chmodSync(folder, 0o700);
  return true;
}

/**
 * When the compiled code is written after an import, in milliseconds: once for the modules of the function, which come
 * together, and once for those that its first tasks import. Otherwise Node.js writes it at exit, which a child that is
 * killed does not reach.
 */
const DELAYS = [100, 5000];

let timer: NodeJS.Timeout | undefined;

/** Writes the compiled code to the cache, if there is one, in a moment: nothing waits for it. */
export function saveCompiledCode(): void {
  if (timer === undefined && caching.getCompileCacheDir?.() !== undefined) save(DELAYS);
}

function save([delay, ...later]: readonly number[]): void {
  if (delay === undefined) {
    timer = undefined;
    return;
  }
  timer = setTimeout(() => {
    caching.flushCompileCache?.();
    save(later);
  }, delay).unref();
}
