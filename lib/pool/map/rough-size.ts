import { types } from 'node:util';

/** Enough to find the buffers and texts of a result, and few enough to cost nothing. */
const MAX_VISITED = 32;

/** How much memory a value holds in buffers and texts, in bytes; only its first parts are looked at. */
export function roughSize(value: unknown): number {
  const values = [value];
  let size = 0;
  for (let at = 0; at < values.length && at < MAX_VISITED; at++) {
    const each = values[at];
    if (typeof each === 'string') size += each.length;
    else if (typeof each === 'object' && each !== null) {
      if (ArrayBuffer.isView(each)) size += each.byteLength;
      else if (types.isAnyArrayBuffer(each)) size += each.byteLength;
      else if (values.length < MAX_VISITED) values.push(...Object.values(each).slice(0, MAX_VISITED));
    }
  }
  return size;
}
