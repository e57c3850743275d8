/** The examples and recipes that `npm test` runs with a small input, with as much as their readers have. */
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PNG } from 'pngjs';
import { createPdf } from '../support/create-pdf.ts';
import { withFolder } from '../support/folder.ts';
import { node, root, run } from '../support/run.ts';
import { ServerProgram } from '../support/server-program.ts';

const TIMEOUT = 10 * 60_000;
const recipes = 'docs/examples/recipes';

/** What a program prints that exits with code 0. */
async function outputOf(program: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await node([program, ...args], { timeout: TIMEOUT - 10_000 });
  if (code !== 0) throw new Error(`exit code ${code}\n${stderr}`);
  return stdout;
}

async function countLines(file: string): Promise<number> {
  let count = 0;
  for await (const _ of createInterface({ input: createReadStream(file) })) count++;
  return count;
}

test(
  'package-weight weighs all installed packages as one process does',
  async () => {
    const output = await outputOf('docs/examples/package-weight.js');
    expect(Number(/^(\d+) packages/m.exec(output)?.[1])).toBeGreaterThan(200);
    expect(output).toMatch(/\nweights: equal\n$/);
  },
  TIMEOUT,
);

test(
  'census counts all installed source files as one process does',
  async () => expect(await outputOf('docs/examples/census.js')).toMatch(/\ntotals: equal\n$/),
  TIMEOUT,
);

test(
  'thumbnails shrinks a folder of photos',
  () =>
    withFolder(async (inside) => {
      const photo = new PNG({ width: 2_400, height: 1_600 });
      for (let at = 0; at < photo.data.length; at++) photo.data[at] = at % 4 === 3 ? 255 : (at * at) >> 9;
      const bytes = PNG.sync.write(photo);
      for (let number = 0; number < 24; number++) await writeFile(join(inside, `${number}.png`), bytes);
      const output = await outputOf(`${recipes}/thumbnails.js`, inside, join(inside, 'small'));
      expect(output.trimEnd().split('\n')).toHaveLength(24);
      expect(output).not.toContain('failed');
      expect(await readdir(join(inside, 'small'))).toHaveLength(24);
    }),
  TIMEOUT,
);

test(
  'pdf-text extracts five hundred documents',
  () =>
    withFolder(async (inside) => {
      const files = Array.from({ length: 500 }, (_, number) => join(inside, `${number}.pdf`));
      for (const [number, file] of files.entries()) await writeFile(file, createPdf(`Document ${number}`));
      const records = (await outputOf(`${recipes}/pdf-text.js`, ...files)).trimEnd().split('\n');
      const texts = new Map(records.map((line) => JSON.parse(line)).map(({ file, text }) => [file, text]));
      expect(files.map((file) => texts.get(file))).toEqual(files.map((_, number) => `Document ${number}`));
    }),
  TIMEOUT,
);

test(
  'csv-to-ndjson converts a million rows',
  () =>
    withFolder(async (inside) => {
      const [from, to] = [join(inside, 'rows.csv'), join(inside, 'rows.ndjson')];
      const file = await open(from, 'w');
      await file.write('id,name,note\n');
      for (let part = 0; part < 1_000; part++) {
        const ids = Array.from({ length: 1_000 }, (_, row) => part * 1_000 + row);
        await file.write(ids.map((id) => `${id},"name ""${id}""",a note of some length\n`).join(''));
      }
      await file.close();
      expect(await outputOf(`${recipes}/csv-to-ndjson.js`, from, to)).toMatch(/^1000000 rows in /);
      expect(await countLines(to)).toBe(1_000_000);
    }),
  TIMEOUT,
);

test(
  'json-validation checks files of tens of megabytes',
  () =>
    withFolder(async (inside) => {
      const files = Array.from({ length: 4 }, (_, number) => join(inside, `${number}.json`));
      const messages = [{ role: 'user', content: 'hello '.repeat(40), tokens: 80 }];
      const text = JSON.stringify(Array.from({ length: 150_000 }, (_, id) => ({ id: String(id), messages })));
      for (const file of files) await writeFile(file, text);
      const output = await outputOf(`${recipes}/json-validation.js`, ...files);
      expect(output).toBe(files.map((file) => `${file}: 150000 transcripts, valid\n`).join(''));
    }),
  TIMEOUT,
);

test(
  'markdown-site renders the pages of this guide a hundred times',
  () =>
    withFolder(async (inside) => {
      const names = (await readdir(`${root}docs`)).filter((name) => name.endsWith('.md'));
      for (let copy = 0; copy < 100; copy++) {
        await mkdir(join(inside, 'from', String(copy)), { recursive: true });
        for (const name of names)
          await writeFile(join(inside, 'from', String(copy), name), await readFile(`${root}docs/${name}`));
      }
      const output = await outputOf(`${recipes}/markdown-site.js`, join(inside, 'from'), join(inside, 'to'));
      expect(output).toBe(`${100 * names.length} pages\n`);
    }),
  TIMEOUT,
);

test(
  'html-scraping reads ten thousand pages to the end',
  () =>
    withFolder(async (inside) => {
      const server = createServer(({ url }, response) =>
        response.end(`<title>${url}</title>${`<a href="${url}/next">next</a>`.repeat(100)}`),
      ).listen(0, '127.0.0.1');
      try {
        await new Promise((listening) => server.once('listening', listening));
        const { port } = server.address() as AddressInfo;
        const [list, results] = [join(inside, 'addresses.txt'), join(inside, 'pages.ndjson')];
        const addresses = Array.from({ length: 10_000 }, (_, page) => `http://127.0.0.1:${port}/${page}\n`);
        await writeFile(list, addresses.join(''));
        const command = `'${process.execPath}' ${recipes}/html-scraping.js < '${list}' > '${results}'`;
        const { code, stderr } = await run('sh', ['-c', command], { timeout: TIMEOUT - 10_000 });
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
        expect(await countLines(results)).toBe(10_000);
      } finally {
        server.closeAllConnections();
        server.close();
      }
    }),
  TIMEOUT,
);

test(
  'password-hashing answers other requests while it hashes the passwords of many users',
  () =>
    ServerProgram.using(`${recipes}/password-hashing.js`, {}, async (server) => {
      const users = Array.from({ length: 60 }, (_, id) => ({ name: `user ${id}`, password: `password ${id}` }));
      const registered = Promise.all(users.map((user) => server.post('/register', user)));
      const start = performance.now();
      expect((await server.get('/health'))[0]).toBe(200);
      // Hashing alone takes many times as long.
      expect(performance.now() - start).toBeLessThan(3_000);
      const statuses = (await registered).map(([status]) => status);
      // Those that waited for longer than 5 s were told so.
      expect(statuses.filter((status) => status !== 201 && status !== 503)).toEqual([]);
      expect(statuses).toContain(201);
    }),
  TIMEOUT,
);

test(
  'react-rendering answers a thousand requests',
  () =>
    ServerProgram.using(`${recipes}/react-rendering.js`, {}, async (server) => {
      for (let round = 0; round < 50; round++) {
        const answers = await Promise.all(Array.from({ length: 20 }, (_, page) => server.get(`/catalog/${page + 1}`)));
        expect(answers.filter(([status]) => status !== 200)).toEqual([]);
      }
    }),
  TIMEOUT,
);
