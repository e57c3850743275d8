/**
 * Where another process finds a function again. Plain data: it crosses the pipe as it is.
 *
 * - `export`: import `module`, take the export that is this function.
 * - `task`: import `module`, take the `ordinal`-th function of this name that `task()` marked there.
 * - `inline`: evaluate `text`.
 */
export type Address =
  | {
      kind: 'export';
      /** A `file:` URL (or `node:`… for nothing: built-ins are refused). */
      module: string;
      /** The name to look for; `default` for an anonymous default export. */
      name: string;
      /** The function's source text; '' when only module and name are known (`tasksFrom`). */
      text: string;
      /** Whether `text` stands in the file as it is, so that a comparison means something. */
      verbatim: boolean;
      /** `file:line` for messages. */
      location: string;
    }
  | { kind: 'task'; module: string; name: string; ordinal: number; text: string; verbatim: boolean; location: string }
  | { kind: 'inline'; name: string; text: string; location: string };
