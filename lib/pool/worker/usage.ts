import { ProtocolError } from '../../errors.js';

/**
 * How long an event loop was busy and waited since its process began, in milliseconds, as Node.js counts it.
 *
 * @since 0.2.0
 */
export interface EventLoopTimes {
  /** How long it was busy, in milliseconds. */
  active: number;
  /** How long it waited, in milliseconds. */
  idle: number;
  /** The part of the time that it was busy, from 0 to 1. */
  utilization: number;
}

/** What a child uses. */
export interface Usage {
  /** Its resident memory, in bytes. */
  readonly memory: number;
  readonly eventLoop: EventLoopTimes;
}

/** @throws {@link ProtocolError} if these are not such numbers. */
export function readUsage(memory: number, active: number, idle: number): Usage {
  if (![memory, active, idle].every((number) => Number.isFinite(number) && number >= 0)) {
    throw new ProtocolError('child sent an invalid usage report: expected finite, non-negative numbers');
  }
  return { memory, eventLoop: { active, idle, utilization: active === 0 ? 0 : active / (active + idle) } };
}
