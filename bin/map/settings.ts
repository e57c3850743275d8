import type { PoolOptions } from 'aiomultiprocess';
import type { FunctionName } from '../option-values.js';

/** What an item of the input is. */
export type Format = 'lines' | 'ndjson' | 'csv';

/** What `aiomultiprocess map` is to do. */
export interface MapSettings {
  target: FunctionName;
  /** Files and globs; `-` is stdin. */
  inputs: string[];
  format: Format;
  /** Default: stdout. */
  output: string | undefined;
  ordered: boolean;
  onError: 'stop' | 'skip' | 'report';
  /** Where the items that failed are reported. */
  errorFile: string | undefined;
  /** Keep a journal beside the output, and go on where it ends. */
  resume: boolean;
  initializer: (FunctionName & { args: unknown[] }) | undefined;
  /** Default: if stderr is a terminal on which nothing else appears. */
  progress: boolean | undefined;
  jsonLogs: boolean;
  pool: Pick<
    PoolOptions,
    | 'processes'
    | 'childConcurrency'
    | 'taskTimeout'
    | 'startTimeout'
    | 'retries'
    | 'maxTasksPerChild'
    | 'maxMemoryPerChild'
    | 'execArgv'
  >;
}
