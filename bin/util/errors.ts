/** The command was given something it cannot use. The message says what, and what to do. Exit code 2. */
export class UsageError extends Error {}

/** A file cannot be read or written. The message names the file and the reason, so no stack is shown. */
export class FileError extends Error {
  /** The error code of the operating system. */
  readonly code: string | undefined;

  constructor(message: string, cause: unknown) {
    super(message, { cause });
    this.code = (cause as NodeJS.ErrnoException | undefined)?.code;
  }
}
