/**
 * The standard streams by number. Reading `process.stdout` or `process.stderr` only to learn about a stream would make
 * its pipe non-blocking, for every process that shares it.
 */
export const STDIN_FD = 0;
export const STDOUT_FD = 1;
export const STDERR_FD = 2;
