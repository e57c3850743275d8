import { performance, readMachineClock } from './util/clock.js';

/**
 * How far the clock of this process is behind the machine's, which all processes share, in milliseconds. The two cannot be
 * read at once: the try counts during which the process was held up the least.
 */
const OFFSET = Math.max(...Array.from({ length: 5 }, () => Number(readMachineClock()) / 1e6 - performance.now()));

/** A point in time of `performance.now()`, as other processes of the machine can read it. */
export function toMachineTime(time: number): number {
  return time + OFFSET;
}

export function fromMachineTime(time: number): number {
  return time - OFFSET;
}
