/** Two decimal places: a busy machine is not more accurate than that. */
export function roundRatio(ratio) {
  return Math.round(ratio * 100) / 100;
}

export function formatRatio(ratio, sign = '') {
  if (ratio === undefined) return '–';
  return `${ratio >= 10 ? ratio.toFixed(1) : ratio.toFixed(2)}${sign}`;
}

export function formatValue(value) {
  if (value === undefined) return '–';
  if (value >= 1000) return formatCount(Math.round(value));
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

export function formatCount(value) {
  return value.toLocaleString('en-US');
}

/** The title, after the number of tasks if there is one. */
export function formatTitle({ count, title }) {
  return count === undefined ? title : `${formatCount(count)} ${title}`;
}
