import { performance, readMachineClock } from './clock.js';

/**
 * The difference between the clock of the machine, which all processes share, and that of this process, in
 * milliseconds. The two cannot be read at once: the attempt with the shortest interruption counts.
 */
const OFFSET = Math.max(...Array.from({ length: 5 }, () => Number(readMachineClock()) / 1e6 - performance.now()));

/** Converts a time of `performance.now()` to the clock that all processes of the machine share. */
export function toMachineTime(time: number): number {
  return time + OFFSET;
}

export function fromMachineTime(time: number): number {
  return time - OFFSET;
}
