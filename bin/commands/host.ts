/** `aiomultiprocess host`: what it takes on the command line. */
import type { Host, HostOptions } from 'aiomultiprocess/distributed';
import { Command } from 'commander';
import { Interrupts } from '../interrupts.js';
import { writeMessage } from '../log.js';
import { appendModule, integer, parseSize, parseTime } from '../option-values.js';
import { UsageError } from '../usage-error.js';

const EXAMPLES = `
Examples:
  $ aiomultiprocess host --queue crawl --connection redis://10.0.0.5 ./tasks.js ./more-tasks.js
  $ aiomultiprocess host --queue crawl --connection postgres://db/jobs --port 9100 --address 0.0.0.0 ./tasks.js

The connection may be given as AIOMULTIPROCESS_CONNECTION instead, which no list of processes shows.
SIGTERM and Ctrl-C end it gracefully; the second one at once.`;

/** What commander makes of the options. */
interface Options extends Omit<HostOptions, 'modules' | 'pool' | 'connection'> {
  connection?: string;
  processes?: number;
  concurrency?: number;
  retries?: number;
  timeout?: number;
  startTimeout?: number;
  maxTasksPerChild?: number;
  maxMemoryPerChild?: number;
}

export function createHostCommand(): Command {
  return new Command('host')
    .description(
      'Runs the tasks of distributed pools on this machine: the functions that these modules export, no others.',
    )
    .argument('<modules...>', 'the modules whose exported functions may be called', appendModule)
    .requiredOption('-q, --queue <name>', 'the queue, as the callers name it')
    .option('--connection <url>', 'redis://…, rediss://… or postgres://…')
    .option('--prefix <text>', 'what the keys in Redis begin with (default: bull)')
    .option('--root <folder>', 'the folder from which callers name the modules (default: the current one)')
    .option('-p, --processes <n>', 'how many processes (default: one for each core)', integer(1))
    .option('-c, --concurrency <n>', 'tasks at a time in each process (default: 16)', integer(1))
    .option('--retries <n>', 'how often a task is run again that failed, where its call does not say', integer(0))
    .option('--timeout <time>', 'how long a task may run, where its call does not say: 500 (ms), 30s, 5m', parseTime)
    .option('--start-timeout <time>', 'how long a process may take until its first task (default: 60s)', parseTime)
    .option('--max-tasks-per-child <n>', 'after so many tasks a process is replaced', integer(0))
    .option('--max-memory-per-child <size>', 'with more resident memory a process is replaced: 512M, 2G', parseSize)
    .option('--max-value-size <size>', 'the most that arguments or a result may take (default: 1M)', parseSize)
    .option('--name <name>', 'what the host calls itself (default: machine and process id)')
    .option('--port <n>', 'a port for /healthz and /metrics (default: none)', integer(0, 65_535))
    .option('--address <ip>', 'the address that the port listens on (default: 127.0.0.1)')
    .option('--grace-period <time>', 'how long tasks may run on when it is to end (default: 30s)', parseTime)
    .option('--lock-duration <time>', 'a host that is silent for so long is taken for dead (default: 30s)', parseTime)
    .option('--stalled-interval <time>', 'how often the jobs of dead hosts are looked for (default: 30s)', parseTime)
    .option('--max-stalled-count <n>', 'how many hosts a job may take down (default: 3)', integer(0))
    .helpOption('--help', 'print this text')
    .addHelpText('after', EXAMPLES)
    .action(async (modules: string[], options: Options, command: Command) => {
      const { connection = process.env.AIOMULTIPROCESS_CONNECTION } = options;
      if (connection === undefined) command.error('error: --connection is needed, or AIOMULTIPROCESS_CONNECTION');
      await runHost(readOptions(modules, connection as string, options));
    });
}

/** Only what was given: the host and its pool have defaults for the others. */
function readOptions(modules: string[], connection: string, options: Options): HostOptions {
  const { processes, concurrency, retries, timeout, startTimeout, maxTasksPerChild, maxMemoryPerChild, ...host } =
    options;
  return {
    ...host,
    connection,
    modules,
    pool: {
      ...(processes !== undefined && { processes }),
      ...(concurrency !== undefined && { childConcurrency: concurrency }),
      ...(retries !== undefined && { retries }),
      ...(timeout !== undefined && { taskTimeout: timeout }),
      ...(startTimeout !== undefined && { startTimeout }),
      ...(maxTasksPerChild !== undefined && { maxTasksPerChild }),
      ...(maxMemoryPerChild !== undefined && { maxMemoryPerChild }),
    },
  };
}

/** @throws {@link UsageError} naming the option that it cannot take, and what it takes. */
async function createHost(options: HostOptions): Promise<Host> {
  const { Host } = await import('aiomultiprocess/distributed');
  try {
    return new Host(options);
  } catch (error) {
    throw error instanceof TypeError ? new UsageError(error.message, { cause: error }) : error;
  }
}

/** Runs a host until a signal ends it. */
async function runHost(options: HostOptions): Promise<void> {
  const host = await createHost(options);
  host.on('error', (error) => print(`error: ${error.message}`));
  host.on('refused', (reason, job) => print(`refused job ${job}: ${reason.message}`));
  let interrupts: Interrupts | undefined;
  const ended = new Promise<void>((resolve, reject) => {
    interrupts = new Interrupts(() => {
      print('ending; tasks that run may end, others are given back');
      host.close().then(resolve, reject);
    }, 1);
    interrupts.begin();
  });
  try {
    await host.start();
    print(
      `${host.name} runs tasks of the queue ${options.queue}${host.port === undefined ? '' : `; port ${host.port}`}`,
    );
    await ended;
  } catch (error) {
    // Who ends it while it starts knows that it has not started.
    if (interrupts?.code !== undefined) return;
    print(`error: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}

function print(line: string): void {
  writeMessage(`${line}\n`);
}
