/** Every program of docs/examples/recipes, with a small input. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PNG } from 'pngjs';
import { createPdf } from '../support/create-pdf.ts';
import { withFolder } from '../support/folder.ts';
import { node, type Run, root } from '../support/run.ts';
import { ServerProgram } from '../support/server-program.ts';

const folder = 'docs/examples/recipes';
/** Each test starts Node.js several times. */
const TIMEOUT = 60_000;
const tested = new Set<string>();

function pathOf(name: string): string {
  tested.add(`${name}.js`);
  return `${folder}/${name}.js`;
}

const runRecipe = (name: string, ...args: string[]): Promise<Run> =>
  node([pathOf(name), ...args], { timeout: TIMEOUT - 5_000 });

test(
  'thumbnails shrinks images, and goes on after a broken one',
  () =>
    withFolder(async (inside) => {
      const image = new PNG({ width: 64, height: 32 });
      for (let at = 0; at < image.data.length; at++) image.data[at] = at % 4 === 3 ? 255 : 100;
      await writeFile(join(inside, 'grey.png'), PNG.sync.write(image));
      await writeFile(join(inside, 'broken.png'), 'not an image');
      const { code, stdout } = await runRecipe('thumbnails', inside, join(inside, 'small'), '16');
      expect(code).toBe(0);
      expect(stdout).toMatch(/^broken\.png failed: .+\ngrey\.png 16 × 8\n$/);
      const small = PNG.sync.read(await readFile(join(inside, 'small/grey.png')));
      expect([...small.data.subarray(0, 8)]).toEqual([100, 100, 100, 255, 100, 100, 100, 255]);
    }),
  TIMEOUT,
);

test(
  'pdf-text extracts the text of documents, and names those that it cannot read',
  () =>
    withFolder(async (inside) => {
      const files = ['hello.pdf', 'broken.pdf'].map((name) => join(inside, name));
      await writeFile(files[0] as string, createPdf('Hello from a document'));
      await writeFile(files[1] as string, 'not a document');
      const { code, stdout } = await runRecipe('pdf-text', ...files);
      expect(code).toBe(0);
      const records = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)) as { file: string }[];
      const byFile = Object.fromEntries(records.map((record) => [record.file, record]));
      expect(byFile[files[0] as string]).toMatchObject({ pages: 1, text: 'Hello from a document' });
      expect(byFile[files[1] as string]).toMatchObject({ error: expect.stringMatching(/PDF/) });
    }),
  TIMEOUT,
);

test(
  'html-scraping reads only as far ahead as its reader allows',
  async () => {
    let requests = 0;
    const server = createServer(({ url }, response) => {
      requests++;
      if (url === '/missing') response.writeHead(404).end();
      else
        response.end(
          `<title> Page ${url} </title><a href="/next">next</a><a name="x">no link</a>${'<p>text'.repeat(2_000)}`,
        );
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const program = spawn(process.execPath, [root + pathOf('html-scraping')], { stdio: ['pipe', 'pipe', 'inherit'] });
    try {
      program.stdin.on('error', () => {}); // The program ends before it has read all addresses.
      program.stdin.write(`${base}/missing\n`);
      for (let page = 0; page < 100_000; page++) program.stdin.write(`${base}/${page}\n`);
      const lines = createInterface({ input: program.stdout })[Symbol.asyncIterator]();
      const next = async () => JSON.parse((await lines.next()).value);
      expect(await next()).toEqual({ address: `${base}/missing`, status: 404 });
      expect(await next()).toEqual({ address: `${base}/0`, status: 200, title: 'Page /0', links: [`${base}/next`] });
      const exited = once(program, 'exit');
      program.stdout.destroy(); // As `head` does.
      expect(await exited).toEqual([0, null]);
      expect(requests).toBeLessThan(10_000);
    } finally {
      program.kill('SIGKILL');
      server.closeAllConnections();
      server.close();
    }
  },
  TIMEOUT,
);

test(
  'csv-to-ndjson converts all rows in order, in however many parts',
  () =>
    withFolder(async (inside) => {
      const [from, to] = [join(inside, 'rows.csv'), join(inside, 'rows.ndjson')];
      const rows = Array.from({ length: 5_000 }, (_, id) => ({ id: String(id), name: `"${id}", naïve`, note: '' }));
      const quoted = rows.map(({ id, name, note }) => `${id},"${name.replaceAll('"', '""')}",${note}\n`);
      await writeFile(from, `id,name,note\n${quoted.join('')}`);
      const { code, stdout } = await runRecipe('csv-to-ndjson', from, to, '--part', '10000');
      expect(code).toBe(0);
      expect(stdout).toMatch(/^5000 rows in \d+\.\d\d s\n$/);
      expect(
        (await readFile(to, 'utf8'))
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line)),
      ).toEqual(rows);
    }),
  TIMEOUT,
);

test(
  'password-hashing registers users, lets them in, and ends on SIGTERM',
  () =>
    ServerProgram.using(pathOf('password-hashing'), { BCRYPT_COST: '6' }, async (server) => {
      const ada = { name: 'ada', password: 'countess' };
      expect(await server.post('/register', ada)).toEqual([201, { name: 'ada' }]);
      expect(await server.post('/login', ada)).toEqual([200, { name: 'ada' }]);
      expect((await server.post('/login', { ...ada, password: 'baroness' }))[0]).toBe(401);
      expect((await server.post('/login', { name: 'eve', password: '' }))[0]).toBe(401);
      expect(await server.get('/health')).toEqual([200, expect.objectContaining({ name: 'passwords' })]);
      expect((await server.get('/other'))[0]).toBe(404);
      server.kill('SIGTERM');
      expect(await server.exited).toEqual([0, null]);
    }),
  TIMEOUT,
);

test(
  'react-rendering answers with escaped HTML, and ends on SIGTERM',
  () =>
    ServerProgram.using(pathOf('react-rendering'), {}, async (server) => {
      const [status, html] = await server.get('/catalog/7');
      expect(status).toBe(200);
      expect(html).toMatch(/^<!doctype html><html lang="en"><head><title>Catalog 7<\/title>/);
      expect(html).toContain('<h2>Product 7-49 &lt;new&gt;</h2><p>70.49 €</p>');
      expect((await server.get('/other'))[0]).toBe(404);
      server.kill('SIGTERM');
      expect(await server.exited).toEqual([0, null]);
    }),
  TIMEOUT,
);

test(
  'markdown-site renders pages, their titles and their links',
  () =>
    withFolder(async (inside) => {
      const [from, to] = [join(inside, 'notes'), join(inside, 'site')];
      await mkdir(join(from, 'deep'), { recursive: true });
      await writeFile(
        join(from, 'first.md'),
        '# First & only\n\nSee [another](deep/second.md#there), or https://example.org/x.md.\n',
      );
      await writeFile(join(from, 'deep/second.md'), '# Second\n');
      const { code, stdout } = await runRecipe('markdown-site', from, to);
      expect({ code, stdout }).toEqual({ code: 0, stdout: '2 pages\n' });
      const first = await readFile(join(to, 'first.html'), 'utf8');
      expect(first).toContain('<title>First &amp; only – Notes</title>');
      expect(first).toContain('href="deep/second.html#there"');
      expect(first).toContain('href="https://example.org/x.md"');
      expect(await readFile(join(to, 'contents.html'), 'utf8')).toContain('<a href="deep/second.html">Second</a>');
    }),
  TIMEOUT,
);

test(
  'json-validation names what is wrong in each file',
  () =>
    withFolder(async (inside) => {
      const files = ['right', 'wrong', 'broken'].map((name) => join(inside, `${name}.json`));
      const transcript = { id: 'a', messages: [{ role: 'user', content: 'hello', tokens: 2 }] };
      await writeFile(files[0] as string, JSON.stringify(Array(20_000).fill(transcript)));
      await writeFile(
        files[1] as string,
        JSON.stringify([transcript, { id: 'b', messages: [{ role: 'robot', content: 1 }] }]),
      );
      await writeFile(files[2] as string, '[{"id": "c"');
      const { code, stdout, stderr } = await runRecipe('json-validation', ...files);
      expect(code).toBe(0);
      const [right, wrong, broken] = stdout.split('\n');
      expect(right).toBe(`${files[0]}: 20000 transcripts, valid`);
      expect(wrong).toBe(
        `${files[1]}: 2 transcripts, /1/messages/0/role must be equal to one of the allowed values; ` +
          '/1/messages/0/content must be string',
      );
      expect(broken).toMatch(/broken\.json: 0 transcripts, .*JSON/);
      expect(stderr).toMatch(/never busy for longer than \d+ ms\n$/);
    }),
  TIMEOUT,
);

test('every recipe has a test and a page', async () => {
  const programs = (await readdir(join(root, folder))).sort();
  expect([...tested].sort()).toEqual(programs);
  const pages = (await readdir(join(root, 'docs/recipes'))).sort();
  expect(pages).toEqual(programs.map((name) => name.replace('.js', '.md')));
});
