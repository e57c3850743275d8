import type { PoolOptions } from 'aiomultiprocess';
import type { DistributedPoolOptions } from 'aiomultiprocess/distributed';
import type { FunctionName } from '../commands/option-values.js';

/** How the input is divided into items. */
export type Format = 'lines' | 'ndjson' | 'csv';

/** The command line of `aiomultiprocess map`, parsed. */
export interface MapSettings {
  target: FunctionName;
  /** Files and globs; `-` is stdin. */
  inputs: string[];
  format: Format;
  /** Default: stdout. */
  output: string | undefined;
  ordered: boolean;
  onError: 'stop' | 'skip' | 'report';
  /** Receives a report of each failed item. */
  errorFile: string | undefined;
  /** Keep a journal beside the output, and continue from it. */
  resume: boolean;
  /** The hosts that run the items; `undefined`: processes of this machine. */
  hosts: Pick<DistributedPoolOptions, 'queue' | 'connection' | 'prefix' | 'root' | 'maxValueSize'> | undefined;
  initializer: (FunctionName & { args: unknown[] }) | undefined;
  /** Whether to show the progress, or as what. Default: only if stderr is a terminal that shows no results and no JSON messages. */
  progress: boolean | 'bar' | 'processes' | undefined;
  jsonLogs: boolean;
  dashboard: PoolOptions['dashboard'];
  /** Those that were given. */
  pool: PoolOptions;
}
