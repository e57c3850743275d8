/** The flags that `map` and `host` share, in addition to the tables of options in lib/. */
import { type PoolOptions, tasksFrom } from 'aiomultiprocess';
import { type Command, Option } from 'commander';
import { UsageError } from '../util/errors.js';
import { append, type FunctionName, parseArguments, parseFunction } from './option-values.js';

/** The flags as commander parses them. */
export interface ProcessFlags {
  initializer?: FunctionName;
  initargs?: unknown[];
  finalizer?: FunctionName;
  require?: string[];
  import?: string[];
  jsonLogs?: true;
}

const PROCESS_FLAGS: Readonly<
  Record<keyof ProcessFlags, [flag: string, description: string, parse?: (text: string, before?: never) => unknown]>
> = {
  initializer: [
    '--initializer <function>',
    'function that runs in each process before its first task, such as ./tasks.js#connect',
    parseFunction,
  ],
  initargs: ['--initargs <json>', 'arguments of --initializer, a JSON array', parseArguments],
  finalizer: ['--finalizer <function>', 'function that runs in each process before it exits in order', parseFunction],
  require: ['-r, --require <module>', 'passed to the Node.js of each process; may be repeated', append],
  import: ['--import <module>', 'passed to the Node.js of each process; may be repeated', append],
  jsonLogs: ['--json-logs', 'write messages on stderr as lines of JSON'],
};

export function addProcessFlags(command: Command): Command {
  for (const [flag, description, parse] of Object.values(PROCESS_FLAGS)) {
    const option = new Option(flag, description);
    command.addOption(parse === undefined ? option : option.argParser(parse as never));
  }
  return command;
}

/** The initializer with its arguments. @throws {@link UsageError} for arguments without an initializer. */
export function readInitializer({ initializer, initargs }: ProcessFlags) {
  if (initargs !== undefined && initializer === undefined) throw new UsageError('--initargs requires --initializer');
  return initializer && { ...initializer, args: initargs ?? [] };
}

/** The options of the pool for the flags that were given, except the initializer. */
export function readProcessOptions(flags: ProcessFlags): Pick<PoolOptions, 'finalizer' | 'execArgv'> {
  const preloads = [
    ...(flags.require ?? []).flatMap((module) => ['--require', module]),
    ...(flags.import ?? []).flatMap((module) => ['--import', module]),
  ];
  return {
    ...(flags.finalizer !== undefined && { finalizer: toTask(flags.finalizer) }),
    ...(preloads.length > 0 && { execArgv: [...process.execArgv, ...preloads] }),
  };
}

/** The function, for an option of a pool. */
export function toTask({ module, name }: FunctionName): () => unknown {
  return tasksFrom<Record<string, () => unknown>>(module)[name] as () => unknown;
}
