/** Renders the outcomes of faults as the table of docs/distributed.md. */
import type { FaultOutcome } from './fault-run.ts';

export interface FaultRow {
  fault: string;
  store: string;
  outcome: FaultOutcome;
}

const COLUMNS = [
  'What happens',
  'Datastore',
  'Sent',
  'Right',
  'Wrong',
  'Twice',
  'Run more than once',
  'Time',
  'Keys left',
];
const PLACE =
  /(<!-- begin faults: written by `npm run hosts -- --faults --write` -->\n)[\s\S]*?(\n<!-- end faults -->)/;

export function toTable(rows: readonly FaultRow[]): string {
  const rule = COLUMNS.map((_, index) => (index < 2 ? '---' : '---:'));
  return [`| ${COLUMNS.join(' | ')} |`, `| ${rule.join(' | ')} |`, ...rows.map(toRow)].join('\n');
}

export function toRow({ fault, store, outcome }: FaultRow): string {
  const { sent, right, wrong, twice, repeated, seconds, left } = outcome;
  const cells = [fault, store, sent, right, wrong, twice, repeated, `${seconds.toFixed(1)} s`, left.length];
  return `| ${cells.join(' | ')} |`;
}

/** @throws if the page has no place for the table. */
export function writeTable(page: string, table: string): string {
  if (!PLACE.test(page)) throw new Error('the page has no place for the table of faults');
  return page.replace(PLACE, (_all, begin, end) => `${begin}\n${table}\n${end}`);
}

/** What a distributed pool promises and has not kept. */
export function findDefects({ sent, right, wrong, failed, twice, ended, left, errors }: FaultOutcome): string[] {
  const defects = [];
  if (right !== sent) defects.push(`${sent - right} of ${sent} results are not there: ${errors.join('; ')}`);
  if (failed > 0) defects.push(`${failed} tasks rejected`);
  if (wrong > 0) defects.push(`${wrong} results are wrong`);
  if (twice > 0) defects.push(`${twice} results came twice`);
  if (!ended) defects.push('a caller did not end');
  if (left.length > 0) defects.push(`left in the datastore: ${left.slice(0, 5).join(', ')}`);
  return defects;
}
