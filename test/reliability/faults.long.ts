/** A short form of the matrix of faults, which `npm run hosts -- --faults` runs in full, and its table in the documentation. */
import { readFileSync } from 'node:fs';
import { POSTGRES, REDIS } from '../support/datastores.ts';
import { FaultRun } from '../support/faults/fault-run.ts';
import { findDefects, toTable, writeTable } from '../support/faults/fault-table.ts';
import { FAULTS } from '../support/faults/faults.ts';
import { root } from '../support/run.ts';

/** Others have tests of their own in test/distributed. */
const SHORT = ['each host in turn is killed', 'suspended', 'all data is deleted', 'the caller is cut off'];

const short = FAULTS.filter(({ name }) => SHORT.some((part) => name.includes(part)));

describe.each([REDIS, POSTGRES])('on $name', (store) => {
  test.each(short)(
    '$name: every task has one right result, and nothing is left',
    async (fault) => {
      // The tests of other files run at the same time.
      const outcome = await FaultRun.start(fault, store, { scale: 0.1, patience: 3 });
      expect(findDefects(outcome)).toEqual([]);
      expect(outcome).toMatchObject({ sent: 300, right: 300 });
    },
    240_000,
  );
});

describe('the table of docs/distributed.md', () => {
  const page = readFileSync(`${root}docs/distributed.md`, 'utf8');

  test('is written by the program', () => {
    const outcome = {
      sent: 2,
      right: 2,
      wrong: 0,
      failed: 0,
      twice: 0,
      repeated: 1,
      seconds: 1,
      left: [],
      ended: true,
    };
    const table = toTable([{ fault: 'a fault', store: 'Redis', outcome: { ...outcome, errors: [] } }]);
    expect(table).toContain('\n| a fault | Redis | 2 | 2 | 0 | 0 | 1 | 1.0 s | 0 |');
    const written = writeTable(page, table);
    expect(written).toContain('| a fault | Redis |');
    expect(writeTable(written, toTable([]))).not.toContain('| a fault |');
    expect(findDefects({ ...outcome, right: 1, left: ['key'], ended: false, errors: ['why'] })).toEqual([
      '1 of 2 results are not there: why',
      'a caller did not end',
      'left in the datastore: key',
    ]);
  });
});
