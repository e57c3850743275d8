/** A file cannot be read or written: the message names it and says why, and nothing else helps. */
export class FileError extends Error {
  /** That of the system. */
  readonly code: string | undefined;

  constructor(message: string, cause: unknown) {
    super(message, { cause });
    this.code = (cause as NodeJS.ErrnoException | undefined)?.code;
  }
}
