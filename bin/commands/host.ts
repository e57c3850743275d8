/** The command line of `aiomultiprocess host`. */
import type { PoolOptions } from 'aiomultiprocess';
import type { Host, HostOptions } from 'aiomultiprocess/distributed';
import { Command, type OptionValues } from 'commander';
import { HOST_OPTIONS } from '../../lib/distributed/options.js';
import { POOL_OPTIONS } from '../../lib/pool/options/pool-options.js';
import { UsageError } from '../util/errors.js';
import { Interrupts } from '../util/interrupts.js';
import { writeMessage } from '../util/log.js';
import { addFlags, readFlags, VALUES } from './flags.js';
import { appendModule } from './option-values.js';

const EXAMPLES = `
Examples:
  $ aiomultiprocess host --queue crawl --connection redis://10.0.0.5 ./tasks.js ./more-tasks.js
  $ aiomultiprocess host --queue crawl --connection postgres://db/jobs --port 9100 --address 0.0.0.0 ./tasks.js

To keep the connection out of process lists, set AIOMULTIPROCESS_CONNECTION instead.
The first SIGTERM or Ctrl-C ends the host gracefully, the second one at once.`;

export function createHostCommand(): Command {
  const command = new Command('host')
    .description(
      'Runs the tasks of distributed pools on this machine. Callers can run only functions that these modules export.',
    )
    .argument('<modules...>', 'the modules whose exported functions may be called', appendModule)
    .helpOption('--help', 'print this text')
    .addHelpText('after', VALUES + EXAMPLES)
    .action(async (modules: string[], values: OptionValues) => {
      await runHost({
        ...readFlags<HostOptions, typeof HOST_OPTIONS>(HOST_OPTIONS, values),
        modules,
        pool: readFlags<PoolOptions, typeof POOL_OPTIONS>(POOL_OPTIONS, values),
      });
    });
  addFlags(command, HOST_OPTIONS);
  return addFlags(command.optionsGroup('Options of the pool:'), POOL_OPTIONS);
}

/** @throws {@link UsageError} that names an invalid option and the values it accepts. */
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
      print('closing: running tasks may finish, the others return to the queue');
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
    // A signal during the start makes it fail; that is not an error to report.
    if (interrupts?.code !== undefined) return;
    print(`error: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}

function print(line: string): void {
  writeMessage(`${line}\n`);
}
