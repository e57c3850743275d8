import { open } from 'node:fs/promises';
import { parse } from 'csv-parse/sync';

const columns = ['date', 'region', 'product', 'quantity', 'cents', 'note'];

/** Aggregates a part of a file, which begins and ends with a line. Whole numbers, so that the order of sums is of no matter. */
export async function work({ path, start, end }) {
  const file = await open(path);
  try {
    const { buffer } = await file.read(Buffer.alloc(end - start), 0, end - start, start);
    const totals = { rows: 0, quantity: 0, cents: 0 };
    for (const row of parse(buffer, { columns })) {
      const amount = Number(row.quantity) * Number(row.cents);
      totals.rows++;
      totals.quantity += Number(row.quantity);
      totals.cents += amount;
      totals[row.region] = (totals[row.region] ?? 0) + amount;
    }
    return totals;
  } finally {
    await file.close();
  }
}
