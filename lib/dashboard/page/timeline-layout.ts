import type { PoolSnapshot, Span } from '../snapshot.js';

/** A task in the timeline. */
export interface Bar {
  task: string;
  id: number;
  attempt: number;
  start: number;
  end: number;
  outcome: Span[4] | 'running';
  /** The row inside its process. */
  lane: number;
}

/** The tasks of one process. */
export interface Row {
  place: number;
  bars: Bar[];
  lanes: number;
}

/** How many rows a process has at most: further tasks lie over the last one. */
const MAX_LANES = 8;

/** Arranges the tasks of each process so that those of one lane do not overlap. */
export function layOut(spans: readonly Span[], { processes }: PoolSnapshot, clock: number): Row[] {
  const rows = new Map<number, Row>();
  const rowOf = (place: number) => {
    const row = rows.get(place) ?? { place, bars: [], lanes: 1 };
    rows.set(place, row);
    return row;
  };
  for (const { place } of processes) rowOf(place);
  for (const [task, place, start, time, outcome, id, attempt] of spans) {
    rowOf(place).bars.push({ task, id, attempt, start, end: start + time, outcome, lane: 0 });
  }
  for (const { place, tasks } of processes) {
    for (const { task, id, attempt, age } of tasks) {
      const name = task || '(anonymous)';
      rowOf(place).bars.push({ task: name, id, attempt, start: clock - age, end: clock, outcome: 'running', lane: 0 });
    }
  }
  const sorted = [...rows.values()].sort((one, other) => one.place - other.place);
  for (const row of sorted) assignLanes(row);
  return sorted;
}

function assignLanes(row: Row): void {
  const ends: number[] = [];
  row.bars.sort((one, other) => one.start - other.start);
  for (const bar of row.bars) {
    const free = ends.findIndex((end) => end <= bar.start);
    bar.lane = free >= 0 ? free : Math.min(ends.length, MAX_LANES - 1);
    ends[bar.lane] = Math.max(bar.end, ends[bar.lane] ?? 0);
  }
  row.lanes = Math.max(1, ends.length);
}

/** The part of a window in which a process had a task, from 0 to 1. */
export function shareOf({ bars }: Row, from: number, to: number): number {
  let busy = 0;
  let reached = from;
  for (const { start, end } of bars) {
    const begin = Math.max(start, reached);
    const finish = Math.min(end, to);
    if (finish <= begin) continue;
    busy += finish - begin;
    reached = finish;
  }
  return busy / (to - from);
}
