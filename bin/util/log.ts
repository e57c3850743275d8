/** Messages go to stderr, as text for people or as JSON for log collectors. stdout belongs to the results. */

export type Log = (level: 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>) => void;

/**
 * @param json - write one JSON object a line, with the fields; otherwise only the message.
 * @param start - what a message that is not JSON starts with: a program that runs for days tells the time.
 */
export function createLog(json: boolean, start: 'name' | 'time' = 'name'): Log {
  if (!json) {
    return (_level, message) => {
      writeMessage(start === 'time' ? `${new Date().toISOString()} ${message}\n` : `aiomultiprocess: ${message}\n`);
    };
  }
  return (level, message, fields) => {
    const time = new Date().toISOString();
    writeMessage(`${JSON.stringify({ time, level, message, ...fields })}\n`);
  };
}

/** Drops a message that cannot be written; the run continues. */
export function writeMessage(text: string): void {
  surviveClosedStderr();
  process.stderr.write(text);
}

let isGuarded = false;

/**
 * Keeps the program running when the reader of stderr goes away or its disk is full. Call this only just before writing
 * there: touching a pipe makes it non-blocking, including when the same pipe carries the results.
 */
export function surviveClosedStderr(): void {
  if (isGuarded) return;
  isGuarded = true;
  process.stderr.on('error', () => {});
}

/** Resolves when the operating system has all messages: an exit would lose those that wait for a slow reader. */
export async function messagesWritten(): Promise<void> {
  // An empty write queues behind the others. If stderr was never touched, there are no messages.
  if (isGuarded) await new Promise((resolve) => process.stderr.write('', resolve));
}

/** Writes requested text, such as the help, to stdout. Its reader may close the pipe early. */
export function writeAnswer(text: string): void {
  process.stdout.on('error', () => {});
  process.stdout.write(text);
}
