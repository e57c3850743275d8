import { readFileSync } from 'node:fs';
import { POSTGRES, REDIS } from '../support/datastores.ts';
import { FAULTS } from '../support/faults/faults.ts';
import { root } from '../support/run.ts';

/** The cells of the rows of the table that `npm run hosts -- --faults --write` writes. */
function readRows(): string[][] {
  const page = readFileSync(`${root}docs/distributed.md`, 'utf8');
  const [, table = ''] = /<!-- begin faults: .*?-->([\s\S]*?)<!-- end faults -->/.exec(page) ?? [];
  const lines = table.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

test('docs/distributed.md has every fault on each datastore, and none did harm', () => {
  const rows = readRows();
  const stores = [REDIS.name, POSTGRES.name];
  expect(rows.map(([fault, store]) => [fault, store])).toEqual(
    FAULTS.flatMap(({ name }) => stores.map((store) => [name, store])),
  );
  for (const [fault, store, sent, right, wrong, twice, , , left] of rows) {
    expect([fault, store, right, wrong, twice, left]).toEqual([fault, store, sent, '0', '0', '0']);
  }
});
