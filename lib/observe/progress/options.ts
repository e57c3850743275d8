import { integer, type OptionTable, string } from '../../util/validation.js';

/**
 * How the progress of a map is shown.
 *
 * @since 0.1.0
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
}

export const PROGRESS_OPTIONS = {
  label: { check: string },
  total: { check: integer(0) },
  format: { check: string },
} as const satisfies OptionTable<ProgressOptions>;
