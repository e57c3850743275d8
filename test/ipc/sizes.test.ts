import { OmittedPartsError, SerializationError } from 'aiomultiprocess';
import {
  createLongText,
  failWithMebibytes,
  lengthOf,
  rejectMany,
  returnLongText,
  validate,
  yieldLongText,
} from '../fixtures/ipc/sizes.js';
import { pid } from '../fixtures/pool/tasks.js';
import { createPool } from '../support/pool.ts';

const pool = createPool({ processes: 1 });

async function reasonOf(call: PromiseLike<unknown>): Promise<unknown> {
  return call.then(
    () => undefined,
    (error: unknown) => error,
  );
}

test('an error arrives with all of its parts, whatever their number', async () => {
  const error = (await reasonOf(pool.apply(validate, [5000]))) as Error & { errors: { params: { type: string } }[] };
  expect(error.errors).toHaveLength(5000);
  expect(error.errors.filter(({ params }) => params.type === 'number')).toHaveLength(5000);
  const many = (await reasonOf(pool.apply(rejectMany, [2000]))) as AggregateError;
  expect(many.errors.map((each) => each instanceof RangeError && each.message)).toEqual(
    Array.from({ length: 2000 }, (_, index) => `no ${index}`),
  );
});

test('an error beyond the size limit arrives with an OmittedPartsError for the rest', async () => {
  const error = (await reasonOf(pool.apply(failWithMebibytes, [40]))) as Error & { parts: unknown[]; cause: Error };
  expect(error).toBeInstanceOf(TypeError);
  expect(error.message).toBe('too much');
  expect(error.stack).toMatch(/failWithMebibytes/);
  const isMarker = (part: unknown) => part instanceof OmittedPartsError;
  const values = error.parts.flatMap((part) => (isMarker(part) ? [part] : Object.values(part as object)));
  const [marker] = values.filter(isMarker);
  expect(marker).toMatchObject({ count: expect.any(Number), message: expect.stringMatching(/^\d+ parts .* left out/) });
  expect(values.filter((value) => typeof value === 'string' && value.length !== 512 * 1024)).toEqual([]);
  expect(values.filter((value) => value instanceof Uint8Array).length).toBeGreaterThan(20);
});

test('a string that is too long in UTF-8 fails only its own task, as an argument and as a result', async () => {
  const process = await pool.apply(pid);
  const text = createLongText();
  const tooLong = expect.objectContaining({ message: expect.stringMatching(/a string of more than \d+ bytes/) });
  for (const value of [text, { list: [text] }]) {
    const error = await reasonOf(pool.apply(lengthOf, [value]));
    expect(error).toBeInstanceOf(SerializationError);
    expect(error).toEqual(tooLong);
  }
  for (const how of ['whole', 'inside', 'progress']) {
    const error = await reasonOf(pool.apply(returnLongText, [how], { onProgress() {} }));
    expect(error).toBeInstanceOf(SerializationError);
    expect(error).toEqual(tooLong);
  }
  const items: unknown[] = [];
  const stream = (async () => {
    for await (const item of pool.stream(yieldLongText)) items.push(item);
  })();
  expect(await reasonOf(stream)).toBeInstanceOf(SerializationError);
  expect(items).toEqual(['short']);
  expect(await pool.apply(pid)).toBe(process);
  // Each attempt reads hundreds of megabytes.
}, 120_000);
