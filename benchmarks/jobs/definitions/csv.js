import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRandom } from '../../random.js';
import { scaleCount } from '../input.js';

const ROWS = 1_000_000;
const PARTS = 100;
const REGIONS = ['north', 'south', 'east', 'west'];
const NOTES = ['', 'gift', '"late, again"', '"says ""thanks"""'];

/** @type {import('../index.js').Job} */
export default {
  name: 'csv',
  title: 'parts of a CSV file of a million rows, aggregated',
  about:
    'parses a file of 1,000,000 rows and six columns (seed 1) with csv-parse, in parts of 10,000 rows, and sums quantities ' +
    'and amounts by region',
  libraries: ['csv-parse'],

  async prepare({ folder, scale }) {
    const random = createRandom(1);
    const pick = (values) => values[Math.floor(random() * values.length)];
    const line = (_, index) => {
      const date = `2026-${String(1 + (index % 12)).padStart(2, '0')}-${String(1 + (index % 28)).padStart(2, '0')}`;
      const [product, quantity, cents] = [500, 20, 100_000].map((limit) => 1 + Math.floor(random() * limit));
      return `${date},${pick(REGIONS)},P-${product},${quantity},${cents},${pick(NOTES)}\n`;
    };
    const path = join(folder, 'sales.csv');
    const parts = [];
    let text = '';
    for (let part = 0; part < scaleCount(PARTS, scale); part++) {
      const start = text.length;
      text += Array.from({ length: ROWS / PARTS }, line).join('');
      parts.push({ path, start, end: text.length });
    }
    await writeFile(path, text);
    return parts;
  },
};
