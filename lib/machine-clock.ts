/** How far the clock of this process is behind the machine's, which all processes share, in milliseconds. */
const OFFSET = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** A point in time of `performance.now()`, as other processes of the machine can read it. */
export function toMachineTime(time: number): number {
  return time + OFFSET;
}

export function fromMachineTime(time: number): number {
  return time - OFFSET;
}
