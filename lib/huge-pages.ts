/**
 * Large values cost less in huge pages: filling fresh memory takes longer than copying, most of it for one fault every
 * 4 KiB. Only the C library can ask for them on behalf of Node.js, and only where the kernel leaves it to programs
 * (`madvise`, the default of most distributions); everywhere else this changes nothing.
 */
const VARIABLE = 'GLIBC_TUNABLES';
/** Written as nobody does, so that a child can tell it from the user's own and keep that. */
const HUGE_PAGES = 'glibc.malloc.hugetlb=0x1';

/** What a child's environment needs so that it uses huge pages; nothing if `env` says already what it should use. */
export function requestHugePages(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return process.platform !== 'linux' || VARIABLE in env ? {} : { [VARIABLE]: HUGE_PAGES };
}

/** The C library has read it; the programs that a task starts are not meant. */
export function forgetHugePages(env: NodeJS.ProcessEnv): void {
  if (env[VARIABLE] === HUGE_PAGES) delete env[VARIABLE];
}
