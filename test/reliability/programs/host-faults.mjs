/**
 * Runs tasks in a distributed pool while faults happen to its hosts, its callers, its datastore and the network between them;
 * on Redis and PostgreSQL. `npm run hosts -- --faults` runs it.
 *
 *     node --import ./scripts/ts-node.js test/reliability/programs/hosts.mjs --faults [--store Redis] [--only silent]
 *         [--scale 0.2] [--patience 3] [--write]
 *
 * Prints a table, and exits with 1 if a result is lost, wrong or there twice, a caller does not end, or something is left in
 * the datastore. `--scale` sends a part of the tasks; `--patience` lengthens locks and leases on a busy machine. `--write` writes the table into docs/distributed.md.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { POSTGRES, REDIS } from '../../support/datastores.ts';
import { FaultRun } from '../../support/faults/fault-run.ts';
import { findDefects, toRow, toTable, writeTable } from '../../support/faults/fault-table.ts';
import { FAULTS } from '../../support/faults/faults.ts';

const { values } = parseArgs({
  options: {
    faults: { type: 'boolean' },
    store: { type: 'string', default: '' },
    only: { type: 'string', default: '' },
    scale: { type: 'string', default: '1' },
    patience: { type: 'string', default: '1' },
    write: { type: 'boolean', default: false },
  },
});

const faults = FAULTS.filter(({ name }) => name.includes(values.only));
const stores = [REDIS, POSTGRES].filter(({ name }) => name.toLowerCase().includes(values.store.toLowerCase()));
const settings = { scale: Number(values.scale), patience: Number(values.patience) };
/** @type {import('../../support/faults/fault-table.ts').FaultRow[]} */
const rows = [];
for (const fault of faults) {
  for (const store of stores) {
    const outcome = await FaultRun.start(fault, store, settings);
    const row = { fault: fault.name, store: store.name, outcome };
    rows.push(row);
    console.log(toRow(row));
    for (const defect of findDefects(outcome)) console.log(`    ${defect}`);
  }
}
if (values.write) {
  const page = new URL('../../../docs/distributed.md', import.meta.url);
  writeFileSync(page, writeTable(readFileSync(page, 'utf8'), toTable(rows)));
}
process.exit(rows.some(({ outcome }) => findDefects(outcome).length > 0) ? 1 : 0);
