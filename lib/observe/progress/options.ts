import { boolean, integer, type OptionTable, string } from '../../util/validation.js';

/**
 * How the progress of a map is shown.
 *
 * @since 0.2.0
 */
export interface ProgressOptions {
  /** The label of the bar. Default: the name of the function. */
  label?: string;
  /** The number of items, for input of unknown length: a generator or a stream. */
  total?: number;
  /**
   * The format of the bar's line, with `{label}`, `{bar}`, `{percentage}`, `{value}`, `{total}`, `{failed}`, `{rate}` (items
   * per second), `{left}` (the remaining time), `{duration_formatted}`, and the other placeholders of cli-progress.
   */
  format?: string;
  /**
   * In a terminal, whether a line for each process of the pool stands under the bar, with its process id, its age, its memory,
   * and the task that it has had for the longest time. Costs as much as listeners to the events of tasks. Not for a distributed
   * pool, whose processes run elsewhere.
   */
  processes?: boolean;
}

export const PROGRESS_OPTIONS = {
  label: { check: string },
  total: { check: integer(0) },
  format: { check: string },
  processes: { check: boolean },
} as const satisfies OptionTable<ProgressOptions>;
