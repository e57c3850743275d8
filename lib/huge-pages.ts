import { readFileSync } from 'node:fs';

/**
 * Large values cost less in huge pages: filling fresh memory takes longer than copying, most of it for one fault every
 * 4 KiB. Only the C library can ask for them on behalf of Node.js, and only where the kernel leaves it to programs
 * (`madvise`, the default of most distributions); everywhere else this changes nothing.
 *
 * The guests of some hosts give every free huge page back, and get it again at 5 ms each: there, large values would take
 * three times as long.
 */
const VARIABLE = 'GLIBC_TUNABLES';
/** Written as nobody does, so that a child can tell it from the user's own and keep that. */
const HUGE_PAGES = 'glibc.malloc.hugetlb=0x1';

/** The size of the free blocks that a guest gives back, as a power of two; where it gives none, a number beyond any. */
const REPORTED_ORDER = '/sys/module/page_reporting/parameters/page_reporting_order';
const LARGEST_ORDER = 63;

let areReturned: boolean | undefined;

/** Whether this machine is such a guest. */
export function areHugePagesReturned(orderFile = REPORTED_ORDER): boolean {
  try {
    return Number(readFileSync(orderFile, 'utf8')) <= LARGEST_ORDER;
  } catch {
    // Its kernel cannot do that, or does not say so.
    return false;
  }
}

/** What a child's environment needs so that it uses huge pages; nothing if `env` says already what it should use. */
export function requestHugePages(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  if (process.platform !== 'linux' || VARIABLE in env) return {};
  areReturned ??= areHugePagesReturned();
  return areReturned ? {} : { [VARIABLE]: HUGE_PAGES };
}

/** The C library has read it; the programs that a task starts are not meant. */
export function forgetHugePages(env: NodeJS.ProcessEnv): void {
  if (env[VARIABLE] === HUGE_PAGES) delete env[VARIABLE];
}
