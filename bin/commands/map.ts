/** `aiomultiprocess map`: what it takes on the command line. */
import { Command, Option } from 'commander';
import { messagesWritten } from '../log.js';
import type { MapSettings } from '../map/settings.js';
import {
  append,
  type FunctionName,
  integer,
  parseArguments,
  parseFunction,
  parseSize,
  parseTime,
} from '../option-values.js';
import { UsageError } from '../usage-error.js';

const EXAMPLES = `
Examples:
  $ aiomultiprocess map ./tasks.ts#fetchStatus < urls.txt > results.ndjson
  $ aiomultiprocess map ./tasks.js#score --input 'logs/*.ndjson' --format ndjson --unordered
  $ aiomultiprocess map ./tasks.js#importRow --input rows.csv --format csv --on-error report --retries 3
  $ aiomultiprocess map ./tasks.js#convert --input urls.txt --output out.ndjson --resume

Exit code: 0 all done, 1 an item or the run failed, 2 wrong usage, 130 Ctrl-C (143 SIGTERM).`;

/** What commander makes of the options. */
interface Options {
  input: string[];
  format: MapSettings['format'];
  output?: string;
  unordered?: true;
  onError: MapSettings['onError'];
  errorFile?: string;
  resume?: true;
  processes?: number;
  concurrency?: number;
  retries?: number;
  timeout?: number;
  startTimeout?: number;
  initializer?: FunctionName;
  initargs?: unknown[];
  maxTasksPerChild?: number;
  maxMemoryPerChild?: number;
  require?: string[];
  import?: string[];
  progress?: boolean;
  jsonLogs?: true;
}

export function createMapCommand(): Command {
  return new Command('map')
    .description(
      'Runs an exported function on every item of the input, on all cores, and writes each result as a line of JSON.',
    )
    .argument(
      '<function>',
      'a module and its export, ./tasks.ts#fetchStatus; without # the default export',
      parseFunction,
    )
    .option('-i, --input <files...>', 'files and globs, - for stdin', ['-'])
    .addOption(choice('-f, --format <format>', 'what an item is', ['lines', 'ndjson', 'csv']))
    .option('-o, --output <file>', 'write the results there instead of to stdout')
    .option('-u, --unordered', 'write each result as it is there, as {"index":…,"value":…}')
    .addOption(choice('--on-error <what>', 'when an item fails', ['stop', 'skip', 'report']))
    .option('--error-file <file>', 'for "report": {"index":…,"input":…,"error":…} lines (default: errors.ndjson)')
    .option('--resume', 'keep a journal beside the output, and go on where the last run stopped')
    .option('-p, --processes <n>', 'how many processes (default: one for each core)', integer(1))
    .option('-c, --concurrency <n>', 'items at a time in each process (default: 16)', integer(1))
    .option('--retries <n>', 'how often an item is run again that failed (default: 0)', integer(0))
    .option('--timeout <time>', 'how long an item may run: 500 (ms), 30s, 5m', parseTime)
    .option('--start-timeout <time>', 'how long a process may take until its first item (default: 60s)', parseTime)
    .option('--initializer <function>', 'runs once in each process, before its first item', parseFunction)
    .option('--initargs <json>', 'its arguments, a JSON array', parseArguments)
    .option('--max-tasks-per-child <n>', 'after so many items a process is replaced', integer(0))
    .option('--max-memory-per-child <size>', 'with more resident memory a process is replaced: 512M, 2G', parseSize)
    .option('-r, --require <module>', 'for the node of each process; may be repeated', append)
    .option('--import <module>', 'for the node of each process; may be repeated', append)
    .option('--progress', 'show the progress on stderr (default: on a terminal that shows no results)')
    .option('--no-progress', 'show none')
    .option('--json-logs', 'messages on stderr as lines of JSON')
    .helpOption('--help', 'print this text')
    .addHelpText('after', EXAMPLES)
    .action(async (target: FunctionName, options: Options) => {
      const settings = readSettings(target, options);
      const { runMap } = await import('../map/run-map.js');
      const code = await runMap(settings);
      await messagesWritten();
      // An input that is not read to its end would keep the process alive.
      process.exit(code);
    });
}

function choice(flags: string, description: string, choices: [string, ...string[]]): Option {
  return new Option(flags, description).choices(choices).default(choices[0]);
}

/** @throws {@link UsageError} for options that make no sense together. */
function readSettings(target: FunctionName, options: Options): MapSettings {
  const { input, format, output, onError, errorFile, initializer, initargs, progress } = options;
  if (options.resume && output === undefined) {
    throw new UsageError('--resume needs --output: what was written to a pipe cannot be taken back');
  }
  if (errorFile !== undefined && onError !== 'report') throw new UsageError('--error-file needs --on-error report');
  if (initargs !== undefined && initializer === undefined) throw new UsageError('--initargs needs --initializer');
  return {
    target,
    inputs: input,
    format,
    output,
    ordered: options.unordered !== true,
    onError,
    errorFile: onError === 'report' ? (errorFile ?? 'errors.ndjson') : undefined,
    resume: options.resume === true,
    initializer: initializer && { ...initializer, args: initargs ?? [] },
    progress,
    jsonLogs: options.jsonLogs === true,
    pool: readPoolOptions(options),
  };
}

/** Those that were given: the pool has its own defaults for the others. */
function readPoolOptions(options: Options): MapSettings['pool'] {
  const { processes, concurrency, timeout, startTimeout, retries, maxTasksPerChild, maxMemoryPerChild } = options;
  const preloads = [
    ...(options.require ?? []).flatMap((module) => ['--require', module]),
    ...(options.import ?? []).flatMap((module) => ['--import', module]),
  ];
  return {
    ...(processes !== undefined && { processes }),
    ...(concurrency !== undefined && { childConcurrency: concurrency }),
    ...(timeout !== undefined && { taskTimeout: timeout }),
    ...(startTimeout !== undefined && { startTimeout }),
    ...(retries !== undefined && { retries }),
    ...(maxTasksPerChild !== undefined && { maxTasksPerChild }),
    ...(maxMemoryPerChild !== undefined && { maxMemoryPerChild }),
    ...(preloads.length > 0 && { execArgv: [...process.execArgv, ...preloads] }),
  };
}
