import type { TraceEvent } from '../../observe/trace/trace-file.js';
import { Tracks } from '../../observe/trace/tracks.js';
import type { Span } from '../snapshot.js';

/**
 * The tasks of a pool in the trace-event format of Chrome, as the option `trace` writes them: for Perfetto.
 *
 * @param spans - in the order of their ends.
 */
export function exportTrace(pool: string, spans: readonly Span[]): string {
  const events: TraceEvent[] = [nameOf('process_name', 0, 0, pool)];
  const tracks = new Map<number, Tracks>();
  for (const [task, place, start, runTime, outcome, id, attempt, waited] of spans.toSorted(byEnd)) {
    const known = tracks.get(place) ?? new Tracks();
    if (!tracks.has(place)) events.push(nameOf('process_name', place + 1, 0, `process ${place}`));
    tracks.set(place, known);
    const tid = known.add(start, start + runTime, (name, track) =>
      events.push(nameOf('thread_name', place + 1, track, name)),
    );
    const args = { id, attempt, waited, outcome };
    events.push({ name: task, cat: 'task', ph: 'X', ts: start * 1e3, dur: runTime * 1e3, pid: place + 1, tid, args });
  }
  return `[\n${events.map((event) => JSON.stringify(event)).join(',\n')}\n]\n`;
}

function byEnd([, , start, time]: Span, [, , otherStart, otherTime]: Span): number {
  return start + time - (otherStart + otherTime);
}

function nameOf(name: 'process_name' | 'thread_name', pid: number, tid: number, text: string): TraceEvent {
  return { name, ph: 'M', pid, tid, args: { name: text } };
}
