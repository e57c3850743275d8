/** Renders the failures of ./failures.ts as the tables of docs/reliability.md. */
import type { Failure, Group, Outcome } from './failures.ts';

const HEAD = ['| What happens | What the caller gets | After | Then |', '| --- | --- | ---: | --- |'];

export function toTables(groups: readonly Group[]): string {
  return groups
    .map(([heading, failures]) => [`### ${heading}`, '', ...HEAD, ...failures.map(toRow)].join('\n'))
    .join('\n\n');
}

function toRow({ what, gets, took, afterwards }: Failure): string {
  const then = afterwards === undefined ? 'the pool answers' : `\`${afterwards}\``;
  return `| ${what} | ${describe(gets)} | ${took} ms | ${then} |`;
}

function describe(gets: Outcome): string {
  if ('value' in gets) return describeValue(gets.value);
  const fields = Object.entries(gets.with ?? {}).filter(([, value]) => value !== null);
  const parts = fields.map(([name, value]) => `\`${name}\` ${typeof value === 'string' ? `\`${value}\`` : value}`);
  if (gets.says !== undefined) parts.push(`"${gets.says}"`);
  if (gets.cause !== undefined) parts.push(`\`cause\` a \`${gets.cause}\``);
  return [`\`${gets.error}\``, ...parts].join(', ');
}

function describeValue(value: unknown): string {
  return Array.isArray(value) ? value.map(describeValue).join(', ') : `\`${String(value)}\``;
}
