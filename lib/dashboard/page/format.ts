/** Numbers as people read them. */

/** `1,234` */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString('en');
}

/** `1 host`, `2 hosts` */
export function formatNumber(count: number, one: string, many: string): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** `950`, `12.3 k`, `1.04 M`: for rates, whose last digits change all the time. */
export function formatRate(rate: number): string {
  if (rate >= 999_500) return `${(rate / 1e6).toFixed(2)} M`;
  if (rate >= 10_000) return `${(rate / 1e3).toFixed(1)} k`;
  return rate > 0 && rate < 9.95 ? rate.toFixed(1) : formatCount(rate);
}

/** A duration that was measured, in milliseconds: `12 µs`, `3.4 ms`, `1.25 s`, `2 m 5 s`. */
export function formatTime(time: number): string {
  if (time < 0.9995) return `${Math.round(time * 1000)} µs`;
  if (time < 999.5) return `${time < 9.95 ? time.toFixed(1) : Math.round(time)} ms`;
  if (time < 59_950) return `${(time / 1000).toFixed(time < 9995 ? 2 : 1)} s`;
  return formatAge(time);
}

/** A duration of which seconds are enough, in milliseconds: `8 s`, `2 m 5 s`, `3 h 12 m`. */
export function formatAge(time: number): string {
  const seconds = Math.max(0, Math.round(time / 1000));
  const [minutes, hours, days] = [Math.floor(seconds / 60), Math.floor(seconds / 3600), Math.floor(seconds / 86_400)];
  if (days > 0) return `${days} d ${hours % 24} h`;
  if (hours > 0) return `${hours} h ${minutes % 60} m`;
  return minutes > 0 ? `${minutes} m ${seconds % 60} s` : `${seconds} s`;
}

/** `512 B`, `34 kB`, `1.2 GB` */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1);
  const value = bytes / 1000 ** power;
  return `${value < 9.95 && power > 0 ? value.toFixed(1) : Math.round(value)} ${units[power]}`;
}

export function formatPercent(part: number): string {
  return `${Math.round(part * 100)} %`;
}
