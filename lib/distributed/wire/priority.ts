/** BullMQ's priority for priority 0; BullMQ runs lower numbers first, from 1. */
const MIDDLE = 2 ** 20;

/** Converts a priority to BullMQ's. Calls come before items of maps of the same priority. */
export function toPriority(priority: number, isCall: boolean): number {
  const steps = Math.max(-MIDDLE / 2 + 1, Math.min(MIDDLE / 2 - 1, Math.round(priority)));
  return MIDDLE - 2 * steps - (isCall ? 1 : 0);
}

/** Converts BullMQ's priority to one of a pool on the host that has the same order. Anyone can write to the queue. */
export function fromPriority(priority: unknown): number {
  return Number.isSafeInteger(priority) ? MIDDLE - (priority as number) : 0;
}
