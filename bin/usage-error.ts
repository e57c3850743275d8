/** The command was given something that it cannot use: its message says what, and what to do. Exit code 2. */
export class UsageError extends Error {}
