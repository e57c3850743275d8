import { ProtocolError } from '../errors.js';

/** How long an event loop was busy and waited since its process began, in milliseconds, as Node.js counts it. */
export interface EventLoopTimes {
  active: number;
  idle: number;
  /** The part of the time that it was busy, from 0 to 1. */
  utilization: number;
}

/** What a child last said of what it uses, if it was asked. */
export class Usage {
  /** Its resident memory, in bytes. */
  memory: number | undefined;
  eventLoop: EventLoopTimes | undefined;

  /** @throws {@link ProtocolError} if these are no such numbers. */
  update(memory: number, active: number, idle: number): void {
    if (![memory, active, idle].every((number) => Number.isFinite(number) && number >= 0)) {
      throw new ProtocolError('a child says that it uses what is no number');
    }
    this.memory = memory;
    this.eventLoop = { active, idle, utilization: active === 0 ? 0 : active / (active + idle) };
  }
}
