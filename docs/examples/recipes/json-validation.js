// json-validation: checks files of tens of megabytes, such as the transcripts that train or test a language model, against a JSON
// schema. Parsing one takes seconds; the program itself is never busy for long.
// Usage: node docs/examples/recipes/json-validation.js FILE.json …
import { readFile } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainProcess, Pool } from 'aiomultiprocess';
import { Ajv } from 'ajv';

const MESSAGE = {
  type: 'object',
  required: ['role', 'content'],
  additionalProperties: false,
  properties: {
    role: { enum: ['system', 'user', 'assistant', 'tool'] },
    content: { type: 'string' },
    tokens: { type: 'integer', minimum: 0 },
  },
};

const SCHEMA = {
  type: 'array',
  items: {
    type: 'object',
    required: ['id', 'messages'],
    properties: { id: { type: 'string' }, messages: { type: 'array', minItems: 1, items: MESSAGE } },
  },
};

/** Compiled by each process when it imports this module. */
const validate = new Ajv({ allErrors: true }).compile(SCHEMA);

/** The task: gets bytes, and returns little. The parsed value, several times as large, stays in the process. */
export function check(bytes) {
  let value;
  try {
    value = JSON.parse(bytes.toString());
  } catch (error) {
    return { transcripts: 0, errors: [error.message] };
  }
  const errors = validate(value) ? [] : validate.errors.map((error) => `${error.instancePath} ${error.message}`);
  return { transcripts: Array.isArray(value) ? value.length : 0, errors: errors.slice(0, 10) };
}

/** Read one by one, as the pool takes them. */
async function* readFiles(files) {
  for (const file of files) yield await readFile(file);
}

if (isMainProcess) {
  const files = process.argv.slice(2);
  const delay = monitorEventLoopDelay();
  // Each file in memory takes its size, so few of them are under way. With koffi installed they travel through shared memory.
  const options = { childConcurrency: { fixed: 1 }, execArgv: [...process.execArgv, '--max-old-space-size=4096'] };
  await Pool.using({ name: 'validation', ...options }, async (pool) => {
    await pool.warm(check);
    delay.enable();
    let index = 0;
    for await (const { transcripts, errors } of pool.map(check, readFiles(files))) {
      console.log(
        `${files[index++]}: ${transcripts} transcripts, ${errors.length === 0 ? 'valid' : errors.join('; ')}`,
      );
    }
  });
  console.error(`the program itself was never busy for longer than ${Math.ceil(delay.max / 1e6)} ms`);
}
