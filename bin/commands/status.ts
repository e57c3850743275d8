/** The command line of `aiomultiprocess status`. */
import type { DistributedPoolOptions, HostStatus, QueueStatus } from 'aiomultiprocess/distributed';
import { Command, type OptionValues } from 'commander';
import { SHARED_OPTIONS } from '../../lib/distributed/options.js';
import { UsageError } from '../util/errors.js';
import { createLog, messagesWritten, writeAnswer } from '../util/log.js';
import { addFlags, readFlags } from './flags.js';

const { queue, connection, shards, prefix } = SHARED_OPTIONS;
const OPTIONS = { queue, connection, shards, prefix };

const EXAMPLES = `
Examples:
  $ aiomultiprocess status --queue crawl --connection redis://10.0.0.5
  $ aiomultiprocess status --queue crawl --connection postgres://db/jobs --json

To keep the connection out of process lists, set AIOMULTIPROCESS_CONNECTION instead.
Exit codes: 0 success, 1 the datastore does not answer, 2 usage error.`;

export function createStatusCommand(): Command {
  const command = new Command('status')
    .description('Shows the state of a queue, and of the hosts that run its tasks.')
    .option('--json', 'print JSON')
    .helpOption('--help', 'print this text')
    .addHelpText('after', EXAMPLES)
    .action(async (values: OptionValues) => {
      process.exitCode = await showStatus(values);
      await messagesWritten();
    });
  return addFlags(command, OPTIONS);
}

/** @returns the exit code. @throws {@link UsageError} */
async function showStatus(values: OptionValues): Promise<number> {
  const { readQueueStatus } = await import('aiomultiprocess/distributed');
  try {
    const status = await readQueueStatus(readFlags<DistributedPoolOptions, typeof OPTIONS>(OPTIONS, values));
    writeAnswer(values.json === true ? `${JSON.stringify(status)}\n` : describe(status));
    return 0;
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(error.message, { cause: error });
    createLog(false)('error', error instanceof Error ? error.message : String(error));
    return 1;
  }
}

function describe({ queue, waiting, active, callers, refused, away, hosts }: QueueStatus): string {
  const known = `queue ${queue}: ${waiting} tasks waiting, ${active} active; ${callers} callers; ${refused} refused jobs`;
  const counts = away === 0 ? known : `${known}; ${away} datastores have not answered, and are not counted`;
  if (hosts.length === 0) return `${counts}\nno host has answered\n`;
  return `${counts}\n${toTable(hosts)}`;
}

const COLUMNS: readonly [title: string, read: (host: HostStatus) => string | number][] = [
  ['host', ({ name }) => name],
  ['slots', ({ slots }) => slots],
  ['running', ({ running }) => running],
  ['tasks/s', ({ rate }) => rate],
  ['done', ({ done }) => done],
  ['failed', ({ failed }) => failed],
  ['refused', ({ refused }) => refused],
];

/** The first column is text, the others are numbers. */
function toTable(hosts: readonly HostStatus[]): string {
  const rows = [COLUMNS.map(([title]) => title), ...hosts.map((host) => COLUMNS.map(([, read]) => String(read(host))))];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => (row[column] as string).length)));
  const pad = (text: string, column: number) =>
    column === 0 ? text.padEnd(widths[column] as number) : text.padStart(widths[column] as number);
  return rows.map((row) => `${row.map(pad).join('  ')}\n`).join('');
}
