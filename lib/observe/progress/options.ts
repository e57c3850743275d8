/** How the progress of a map is shown. */
export interface ProgressOptions {
  /** What it is called. Default: the name of the function. */
  label?: string;
  /** How many items there are, where that cannot be known: in a generator or a stream. */
  total?: number;
  /**
   * The line of the bar: a text with `{label}`, `{bar}`, `{percentage}`, `{value}`, `{total}`, `{failed}`, `{rate}` (items a
   * second), `{left}` (the time that is left), `{duration_formatted}`, and whatever else the formats of cli-progress know.
   */
  format?: string;
}
