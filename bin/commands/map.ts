/** The command line of `aiomultiprocess map`. */
import type { PoolOptions } from 'aiomultiprocess';
import type { DistributedPoolOptions } from 'aiomultiprocess/distributed';
import { Command, Option, type OptionValues } from 'commander';
import { SHARED_OPTIONS } from '../../lib/distributed/options.js';
import { POOL_OPTIONS } from '../../lib/pool/options/pool-options.js';
import type { DocumentedOption } from '../../lib/util/validation.js';
import type { MapSettings } from '../map/settings.js';
import { UsageError } from '../util/errors.js';
import { messagesWritten } from '../util/log.js';
import { addFlags, readFlags, VALUES } from './flags.js';
import { type FunctionName, parseFunction } from './option-values.js';
import { addProcessFlags, type ProcessFlags, readInitializer, readProcessOptions } from './process-flags.js';

const EXAMPLES = `
Examples:
  $ aiomultiprocess map ./tasks.ts#fetchStatus < urls.txt > results.ndjson
  $ aiomultiprocess map ./tasks.js#score --input 'logs/*.ndjson' --format ndjson --unordered
  $ aiomultiprocess map ./tasks.js#importRow --input rows.csv --format csv --on-error report --retries 3
  $ aiomultiprocess map ./tasks.js#convert --input urls.txt --output out.ndjson --resume
  $ aiomultiprocess map ./tasks.js#convert --queue media --connection redis://10.0.0.5 --input urls.txt --output out.ndjson --resume

Exit codes: 0 success, 1 an item or the run failed, 2 usage error, 130 Ctrl-C, 143 SIGTERM.`;

/** Where hosts are. They are optional here, and required where there is nothing but hosts. */
const HOST_FLAGS = optional(SHARED_OPTIONS);

function optional<T extends Readonly<Record<string, DocumentedOption>>>(table: T) {
  const entries = Object.entries(table).map(([name, option]) => [name, { ...option, required: undefined }]);
  return Object.fromEntries(entries) as { [Name in keyof T]: Omit<T[Name], 'required'> };
}

/** What the hosts decide. */
const OF_HOSTS = [
  'initializer',
  'initargs',
  'finalizer',
  'require',
  'import',
  'processes',
  'concurrency',
  'maxTasksPerChild',
  'maxMemoryPerChild',
  'startTimeout',
];

/** The options of the command as commander parses them, in addition to those of the pool. */
interface Options extends OptionValues, ProcessFlags {
  input: string[];
  format: MapSettings['format'];
  output?: string;
  unordered?: true;
  onError: MapSettings['onError'];
  errorFile?: string;
  resume?: true;
  progress?: boolean;
  progressForm?: 'bar' | 'processes';
}

export function createMapCommand(): Command {
  const command = new MapCommand('map')
    .description(
      'Runs an exported function on every item of the input, on all cores, and writes each result as a line of JSON.',
    )
    .argument(
      '<function>',
      'a module and its export, ./tasks.ts#fetchStatus; without # the default export',
      parseFunction,
    )
    .option('-i, --input <files...>', 'files and globs; - is stdin', ['-'])
    .addOption(choice('-f, --format <format>', 'format of the input', ['lines', 'ndjson', 'csv']))
    .option('-o, --output <file>', 'write the results to this file instead of stdout')
    .option('-u, --unordered', 'write each result as soon as it arrives, as {"index":…,"value":…}')
    .addOption(choice('--on-error <what>', 'what to do when an item fails', ['stop', 'skip', 'report']))
    .option('--error-file <file>', 'for "report": {"index":…,"input":…,"error":…} lines (default: errors.ndjson)')
    .option('--resume', 'keep a journal beside the output, and continue where the last run stopped')
    .option('--progress', 'show the progress on stderr (default: if stderr is a terminal and shows no results)')
    .addOption(progressForm())
    .option('--no-progress', 'show no progress')
    .helpOption('--help', 'print this text')
    .addHelpText('after', VALUES + EXAMPLES)
    .action(async (target: FunctionName, options: Options) => {
      if (options.queue === undefined) refuseHostFlags(command);
      const settings = readSettings(target, options);
      const { runMap } = await import('../map/run-map.js');
      const code = await runMap(settings);
      await messagesWritten();
      // An input that is still open would keep the process alive.
      process.exit(code);
    });
  addProcessFlags(command);
  addFlags(command.optionsGroup('To run the items on hosts:'), HOST_FLAGS);
  return addFlags(command.optionsGroup('Options of the pool (each item is a task):'), POOL_OPTIONS);
}

/** `--progress` takes no value, or the next word would be taken for it; so `--progress=…` is an option of its own. */
class MapCommand extends Command {
  override parseOptions(words: string[]): ReturnType<Command['parseOptions']> {
    const end = words.includes('--') ? words.indexOf('--') : words.length;
    const parsed = words.map((word, at) => (at < end ? word.replace(/^--progress=/, '--progress-form=') : word));
    return super.parseOptions(parsed);
  }
}

function progressForm(): Option {
  const option = new Option('--progress-form <form>', 'the same, with a line for each process under the bar');
  option.choices(['bar', 'processes']);
  // As the help and errors show it.
  option.flags = '--progress=<form>';
  return option;
}

function choice(flags: string, description: string, choices: [string, ...string[]]): Option {
  return new Option(flags, description).choices(choices).default(choices[0]);
}

/** @throws {@link UsageError} for options that do not fit together. */
function readSettings(target: FunctionName, options: Options): MapSettings {
  const { input, format, output, onError, errorFile, progress, progressForm } = options;
  if (options.resume && output === undefined) {
    throw new UsageError('--resume requires --output: text that went to a pipe cannot be truncated');
  }
  if (errorFile !== undefined && onError !== 'report') throw new UsageError('--error-file requires --on-error report');
  if (progress === false && progressForm !== undefined)
    throw new UsageError('--no-progress and --progress exclude each other');
  const { dashboard, ...pool } = readFlags<PoolOptions, typeof POOL_OPTIONS>(POOL_OPTIONS, options);
  return {
    target,
    inputs: input,
    format,
    output,
    ordered: options.unordered !== true,
    onError,
    errorFile: onError === 'report' ? (errorFile ?? 'errors.ndjson') : undefined,
    resume: options.resume === true,
    hosts: readHosts(options),
    initializer: readInitializer(options),
    progress: progressForm ?? progress,
    jsonLogs: options.jsonLogs === true,
    dashboard,
    pool: { ...pool, ...readProcessOptions(options) },
  };
}

/**
 * Refuses a run on this machine that was meant for hosts. The connection may be in the environment, for other commands.
 *
 * @throws {@link UsageError}
 */
function refuseHostFlags(command: Command): void {
  const given = Object.keys(HOST_FLAGS).find((name) => command.getOptionValueSource(name) === 'cli');
  if (given !== undefined) throw new UsageError(`${toFlag(given)} requires --queue`);
}

function toFlag(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** @throws {@link UsageError} for options that do not fit together. */
function readHosts(options: Options): MapSettings['hosts'] {
  const hosts = readFlags<DistributedPoolOptions, typeof HOST_FLAGS>(HOST_FLAGS, options);
  const { queue, connection } = hosts;
  if (queue === undefined) return undefined;
  if (connection === undefined) throw new UsageError('--queue requires --connection');
  const given = OF_HOSTS.find((name) => options[name] !== undefined);
  if (given === undefined) return { ...hosts, queue, connection };
  throw new UsageError(`${toFlag(given)} cannot be used with --queue: it is an option of the hosts`);
}
