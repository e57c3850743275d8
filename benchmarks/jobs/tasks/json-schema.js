import { readFile } from 'node:fs/promises';
import { Ajv } from 'ajv';

const validate = new Ajv({ allErrors: true }).compile({
  type: 'object',
  required: ['id', 'customer', 'items', 'status', 'created'],
  additionalProperties: false,
  properties: {
    id: { type: 'integer', minimum: 1 },
    status: { enum: ['new', 'paid', 'sent', 'returned'] },
    created: { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\d$' },
    customer: {
      type: 'object',
      required: ['name', 'email'],
      properties: {
        name: { type: 'string', minLength: 1, maxLength: 40 },
        email: { type: 'string', pattern: '^[^@\\s]+@[^@\\s]+\\.[a-z]+$' },
        tags: { type: 'array', items: { type: 'string' }, uniqueItems: true },
      },
    },
    items: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        required: ['sku', 'quantity', 'cents'],
        properties: {
          sku: { type: 'string', pattern: '^[A-Z]{2}-\\d{4}$' },
          quantity: { type: 'integer', minimum: 1, maximum: 99 },
          cents: { type: 'integer', minimum: 0 },
        },
      },
    },
  },
});

/** Validates a file with one JSON value in each line. */
export async function work(path) {
  const totals = { records: 0, valid: 0, errors: 0 };
  for (const line of (await readFile(path, 'utf8')).trimEnd().split('\n')) {
    totals.records++;
    if (validate(JSON.parse(line))) totals.valid++;
    else totals.errors += validate.errors.length;
  }
  return totals;
}
