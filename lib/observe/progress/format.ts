import type { ProgressCounts } from './progress.js';

/** Items per second, with a decimal only for small rates. */
export function formatRate(rate: number): string {
  return rate < 10 ? rate.toFixed(1) : String(Math.round(rate));
}

/** The remaining time at this rate, such as `12s left`; `undefined` if it is unknown. */
export function formatTimeLeft({ done, total, rate }: ProgressCounts & { rate: number }): string | undefined {
  if (total === undefined || rate === 0) return undefined;
  return `${formatSeconds(Math.max(total - done, 0) / rate)} left`;
}

/** Such as `1h2m`, `2m30s` or `5s`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.ceil(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  if (hours > 0) return `${hours}h${minutes}m`;
  return minutes > 0 ? `${minutes}m${whole % 60}s` : `${whole}s`;
}
