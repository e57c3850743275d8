/** Messages for people, or for the programs that read logs, on stderr: stdout belongs to the results. */

export type Log = (level: 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>) => void;

/** @param json - one JSON object a line, with the fields; otherwise the message alone. */
export function createLog(json: boolean): Log {
  if (!json) return (_level, message) => void process.stderr.write(`aiomultiprocess: ${message}\n`);
  return (level, message, fields) => {
    const time = new Date().toISOString();
    process.stderr.write(`${JSON.stringify({ time, level, message, ...fields })}\n`);
  };
}
