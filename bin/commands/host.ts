/** The command line of `aiomultiprocess host`. */
import { inspect } from 'node:util';
import type { PoolOptions } from 'aiomultiprocess';
import type { Host, HostOptions } from 'aiomultiprocess/distributed';
import { Command, type OptionValues } from 'commander';
import { HOST_OPTIONS } from '../../lib/distributed/options.js';
import { POOL_OPTIONS } from '../../lib/pool/options/pool-options.js';
import { showDashboard } from '../util/dashboard.js';
import { UsageError } from '../util/errors.js';
import { Interrupts } from '../util/interrupts.js';
import { createLog, type Log } from '../util/log.js';
import { addFlags, readFlags, VALUES } from './flags.js';
import { appendModule } from './option-values.js';
import { addProcessFlags, type ProcessFlags, readInitializer, readProcessOptions, toTask } from './process-flags.js';

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
    .action(async (modules: string[], values: OptionValues & ProcessFlags) => {
      const host = readFlags<HostOptions, typeof HOST_OPTIONS>(HOST_OPTIONS, values);
      const log = createLog(values.jsonLogs === true, 'time');
      const { dashboard, ...pool } = readPool(values);
      await runHost({ ...host, modules, pool }, dashboard, log);
    });
  addFlags(command, HOST_OPTIONS);
  addProcessFlags(command);
  return addFlags(command.optionsGroup('Options of the pool:'), POOL_OPTIONS);
}

function readPool(values: OptionValues & ProcessFlags): PoolOptions {
  const initializer = readInitializer(values);
  return {
    ...readFlags<PoolOptions, typeof POOL_OPTIONS>(POOL_OPTIONS, values),
    ...readProcessOptions(values),
    ...(initializer !== undefined && { initializer: toTask(initializer), initargs: initializer.args }),
  };
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
async function runHost(options: HostOptions, dashboard: PoolOptions['dashboard'], log: Log): Promise<void> {
  const host = await createHost(options);
  const { name } = host;
  const logError = (error: unknown) => {
    log('error', `error: ${describeError(error)}`, { host: name });
  };
  host.on('error', logError);
  host.on('refused', ({ message }, job) => log('warn', `refused job ${job}: ${message}`, { host: name, job }));
  host.on('clockSkew', (skew) => log('warn', describeSkew(skew), { host: name, skew }));
  const interrupts = new Interrupts(() => {
    log('info', 'closing: running tasks may finish, the others return to the queue', { host: name });
    // Exits even if something still waits for a datastore that does not answer.
    host.close().then(
      () => process.exit(),
      (error) => {
        logError(error);
        process.exit(1);
      },
    );
  }, 1);
  interrupts.begin();
  await showDashboard(dashboard, log);
  try {
    await host.start();
    const { queue } = options;
    const { port } = host;
    const at = port === undefined ? '' : `; port ${port}`;
    log('info', `${name} runs tasks of the queue ${queue}${at}`, { host: name, queue, port });
  } catch (error) {
    // A signal during the start makes it fail; that is not an error to report.
    if (interrupts.code !== undefined) return;
    logError(error);
    process.exitCode = 1;
  }
}

/** In one line, with the causes that the message does not name. */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return inspect(error, { breakLength: Number.POSITIVE_INFINITY });
  const { message, cause } = error;
  if (cause === undefined || (cause instanceof Error && message.includes(cause.message))) return message;
  return `${message}: ${describeError(cause)}`;
}

function describeSkew(skew: number): string {
  const seconds = (Math.abs(skew) / 1000).toFixed(1);
  return `the clock of this machine is ${seconds} s ${skew > 0 ? 'ahead of' : 'behind'} the datastore's`;
}
