/** Maps a position in compiled code to the line of its source. */

import { SourceMap } from 'node:module';
import { withInspector } from './inspector.js';
import type { CodeLocation } from './locate-function.js';

/** Only the last script's map is kept: functions of one module come in a row, and maps are large. */
let last: { scriptId: string; map: SourceMap | undefined } | undefined;

/**
 * Reads the source map that loaders (ts-node, tsx, Jest) put at the end of the code they produce. Lines count from 1;
 * undefined if there is no such map.
 */
export function findOriginalLine({ scriptId, line, column }: CodeLocation): number | undefined {
  if (last?.scriptId !== scriptId) last = { scriptId, map: readSourceMap(scriptId) };
  const entry = last.map?.findEntry(line, column);
  return entry !== undefined && 'originalLine' in entry ? entry.originalLine + 1 : undefined;
}

function readSourceMap(scriptId: string): SourceMap | undefined {
  const url = withInspector(({ session, post }) => {
    let found = '';
    session.on('Debugger.scriptParsed', ({ params }) => {
      if (params.scriptId === scriptId) found = params.sourceMapURL ?? '';
    });
    post('Debugger.enable');
    return found;
  });
  const [head = '', body = ''] = url.split(',', 2);
  if (!head.startsWith('data:') || !head.endsWith(';base64')) return undefined;
  try {
    return new SourceMap(JSON.parse(Buffer.from(body, 'base64').toString()));
  } catch {
    // A map only makes line numbers better, so an unreadable one is ignored.
    return undefined;
  }
}
