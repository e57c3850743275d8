// pdf-text: extracts the text of PDF files, one line of JSON for each file, in the order in which they are done.
// Usage: node docs/examples/recipes/pdf-text.js FILE.pdf … > text.ndjson
import { readFile } from 'node:fs/promises';
import { isMainProcess, Pool } from 'aiomultiprocess';

/** The task. Only the processes load the library: it is large, and the program itself does not need it. */
export async function extract(file) {
  const { extractText, getDocumentProxy } = await import('unpdf');
  const document = await getDocumentProxy(new Uint8Array(await readFile(file)));
  const { totalPages, text } = await extractText(document, { mergePages: true });
  await document.destroy();
  return { file, pages: totalPages, text };
}

if (isMainProcess) {
  const files = process.argv.slice(2);
  // A broken or hostile file can take any time and memory: it loses its process then, and its neighbours run again.
  const options = { taskTimeout: 60_000, retries: 1, maxMemoryPerChild: 1024 ** 3, childConcurrency: 2 };
  await Pool.using({ name: 'pdf', ...options }, async (pool) => {
    const results = pool.map(extract, files, { progress: true });
    for await (const { index, value, reason } of results.outcomes({ unordered: true })) {
      console.log(JSON.stringify(value ?? { file: files[index], error: reason.message }));
    }
  });
}
