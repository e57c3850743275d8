import type { ProgressCounts } from './progress.js';

/** A number of things in a second: with a digit behind the point only where that says something. */
export function formatRate(rate: number): string {
  return rate < 10 ? rate.toFixed(1) : String(Math.round(rate));
}

/** The time that is left at this rate, if anybody can know: `12s left`. */
export function describeRest({ done, total, rate }: ProgressCounts & { rate: number }): string | undefined {
  if (total === undefined || rate === 0) return undefined;
  return `${formatSeconds(Math.max(total - done, 0) / rate)} left`;
}

/** Seconds, as `1h2m`, `2m30s` or `5s`. */
function formatSeconds(seconds: number): string {
  const whole = Math.ceil(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  if (hours > 0) return `${hours}h${minutes}m`;
  return minutes > 0 ? `${minutes}m${whole % 60}s` : `${whole}s`;
}
