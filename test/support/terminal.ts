import { spawnSync } from 'node:child_process';
import { run } from './run.ts';

/** Whether {@link runInTerminal} works here. */
export const hasTerminal = spawnSync('python3', ['-c', 'import pty']).status === 0;

/** What is typed, as soon as the program has printed something. */
interface Typing {
  after: string;
  text: string;
}

/**
 * Runs a program in a terminal of 100 columns and gives the bytes that it was sent. It is made with Python's `pty`, which
 * every system has that has Python; there is none in Node.js.
 */
export async function runInTerminal(command: string[], typing?: Typing): Promise<{ code: number; output: string }> {
  const script = `
import fcntl, json, os, pty, struct, sys, termios
command, typing = json.loads(sys.argv[1]), json.loads(sys.argv[2])
pid, terminal = pty.fork()
if pid == 0:
    os.environ['TERM'] = 'xterm'
    os.execvp(command[0], command)
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack('HHHH', 30, 100, 0, 0))
output = b''
while True:
    try:
        chunk = os.read(terminal, 65536)
    except OSError:
        break
    if not chunk:
        break
    output += chunk
    if typing and typing['after'].encode() in output:
        os.write(terminal, typing['text'].encode())
        typing = None
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
json.dump({'code': status, 'output': output.decode()}, sys.stdout)
`;
  const result = await run('python3', ['-c', script, JSON.stringify(command), JSON.stringify(typing ?? null)]);
  if (result.code !== 0) throw new Error(`no terminal: ${result.stderr}`);
  return JSON.parse(result.stdout);
}

/** What a terminal shows in the end, as lines, of bytes that move the cursor up and down, and clear lines. */
export function renderScreen(output: string): string[] {
  const lines: string[] = [''];
  let [row, column] = [0, 0];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what terminals are told with.
  for (const [token, count = '', command] of output.matchAll(/\x1b\[([\d;]*)([A-Za-z])|\r|\n|[^\x1b\r\n]+/g)) {
    if (command === 'A') row = Math.max(0, row - Number(count || 1));
    else if (command === 'B') row += Number(count || 1);
    else if (command === 'G') column = Number(count || 1) - 1;
    else if (command === 'K') lines[row] = count === '2' ? '' : (lines[row] ?? '').slice(0, column);
    else if (command === 'J') lines.splice(row, lines.length, (lines[row] ?? '').slice(0, column));
    else if (command !== undefined) throw new Error(`what does the terminal do at ${JSON.stringify(token)}?`);
    else if (token === '\r') column = 0;
    else if (token === '\n') [row, column] = [row + 1, 0];
    else {
      const line = (lines[row] ?? '').padEnd(column);
      lines[row] = line.slice(0, column) + token + line.slice(column + token.length);
      column += token.length;
    }
    while (lines.length <= row) lines.push('');
  }
  return lines.map((line) => line.trimEnd());
}
