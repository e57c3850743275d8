import { readFileSync } from 'node:fs';

/**
 * Settings of the C library's allocator that make large values cheaper in a child: filling fresh memory takes longer
 * than copying, mostly because of one page fault every 4 KiB. Only the environment can set them before Node.js starts.
 *
 * - Large blocks come from the heap, which keeps what was freed, instead of mappings that go back to the system.
 * - Up to 128 MiB of freed memory stay in the process.
 */
const KEEP_MEMORY = 'glibc.malloc.mmap_max=0x0:glibc.malloc.trim_threshold=0x8000000';

/**
 * Requests huge pages, if the kernel lets programs choose (`madvise`, the default of most distributions); otherwise this
 * has no effect. Some virtual machines return every free huge page to their host, and take 5 ms to get one again: there,
 * large values would take three times as long.
 */
const HUGE_PAGES = 'glibc.malloc.hugetlb=0x1';

/** The notation of the numbers is unusual: by it a child distinguishes these settings from the user's, which it keeps. */
const VARIABLE = 'GLIBC_TUNABLES';

/**
 * The size of the free blocks that a virtual machine returns, as a power of two; without this feature, a greater
 * number.
 */
const REPORTED_ORDER = '/sys/module/page_reporting/parameters/page_reporting_order';
const LARGEST_ORDER = 63;

let areReturned: boolean | undefined;

/** Whether this is such a virtual machine. */
export function areHugePagesReturned(orderFile = REPORTED_ORDER): boolean {
  try {
    return Number(readFileSync(orderFile, 'utf8')) <= LARGEST_ORDER;
  } catch {
    // Its kernel lacks the feature or does not show it.
    return false;
  }
}

/** The environment variable with which a child starts; none if `env` already sets it. */
export function requestMallocSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  if (process.platform !== 'linux' || VARIABLE in env) return {};
  areReturned ??= areHugePagesReturned();
  return { [VARIABLE]: areReturned ? KEEP_MEMORY : `${KEEP_MEMORY}:${HUGE_PAGES}` };
}

/** Removes the variable, which the C library has read: it must not affect the programs that a task starts. */
export function forgetMallocSettings(env: NodeJS.ProcessEnv): void {
  if (env[VARIABLE]?.startsWith(KEEP_MEMORY)) delete env[VARIABLE];
}
