import { types } from 'node:util';
import { isOutside } from './classify.js';
import { TRACKING } from './graph.js';

/** Elements of a typed array, bytes of a DataView, or {@link TRACKING} for one that follows its resizable buffer. */
export function lengthOfView(view: ArrayBufferView): number {
  if ((view.buffer as ArrayBuffer).resizable && isTracking(view)) return TRACKING;
  return types.isDataView(view) ? view.byteLength : (view as Uint8Array).length;
}

/** Only another size of the buffer tells. It is a copy that is resized: others may be using the memory. */
function isTracking(view: ArrayBufferView): boolean {
  const copy = structuredClone(view);
  const buffer = copy.buffer as ArrayBuffer;
  const { byteOffset } = copy;
  if (copy.byteLength > 0) {
    buffer.resize(byteOffset);
    return !isOutside(copy);
  }
  buffer.resize(Math.min(buffer.maxByteLength, byteOffset + LARGEST_ELEMENT));
  return copy.byteLength > 0;
}

const LARGEST_ELEMENT = 8;
