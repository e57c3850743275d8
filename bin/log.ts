/** Messages for people, or for the programs that read logs, on stderr: stdout belongs to the results. */

export type Log = (level: 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>) => void;

/** @param json - one JSON object a line, with the fields; otherwise the message alone. */
export function createLog(json: boolean): Log {
  if (!json) return (_level, message) => writeMessage(`aiomultiprocess: ${message}\n`);
  return (level, message, fields) => {
    const time = new Date().toISOString();
    writeMessage(`${JSON.stringify({ time, level, message, ...fields })}\n`);
  };
}

/** A message that cannot be written is lost; what it is about goes on. */
export function writeMessage(text: string): void {
  outliveReader();
  process.stderr.write(text);
}

let isGuarded = false;

/**
 * A reader of stderr that goes does not end the program, nor does a full disk. Only for a program that is about to
 * write there: a pipe becomes non-blocking when it is touched, also where it is that of the results.
 */
export function outliveReader(): void {
  if (isGuarded) return;
  isGuarded = true;
  process.stderr.on('error', () => {});
}

/** Resolves when all messages are handed on: those that a slow reader keeps waiting are lost if the process exits. */
export async function messagesWritten(): Promise<void> {
  // Empty, it waits behind the others. Untouched, stderr has no messages.
  if (isGuarded) await new Promise((resolve) => process.stderr.write('', resolve));
}

/** Text that was asked for, on stdout; its reader may have had enough. */
export function writeAnswer(text: string): void {
  process.stdout.on('error', () => {});
  process.stdout.write(text);
}
