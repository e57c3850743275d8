import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRandom } from '../../random.js';
import { scaleCount } from '../input.js';

const FILES = 150;
const RECORDS = 2_000;

/** @type {import('../index.js').Job} */
export default {
  name: 'json-schema',
  title: 'files of 2,000 records validated against a JSON Schema',
  about:
    'parses generated orders (seed 1), a JSON value in each line, and validates them with ajv; one in ten has an error',
  libraries: ['ajv'],

  async prepare({ folder, scale }) {
    const random = createRandom(1);
    const whole = (limit) => Math.floor(random() * limit);
    const order = (id) => ({
      id,
      status: ['new', 'paid', 'sent', 'returned'][whole(4)],
      created: `2026-0${1 + whole(9)}-1${whole(10)}`,
      customer: {
        name: `Customer ${whole(10_000)}`,
        email: random() < 0.05 ? 'nowhere' : `customer${whole(10_000)}@example.org`,
        tags: Array.from({ length: whole(5) }, (_, index) => `tag ${index}`),
      },
      items: Array.from({ length: 1 + whole(8) }, () => ({
        sku: `AB-${1_000 + whole(9_000)}`,
        quantity: random() < 0.01 ? 0 : 1 + whole(20),
        cents: whole(100_000),
      })),
    });
    const paths = [];
    for (let file = 0; file < scaleCount(FILES, scale); file++) {
      const path = join(folder, `${file}.ndjson`);
      const lines = Array.from({ length: RECORDS }, (_, index) => JSON.stringify(order(1 + file * RECORDS + index)));
      await writeFile(path, `${lines.join('\n')}\n`);
      paths.push(path);
    }
    return paths;
  },
};
