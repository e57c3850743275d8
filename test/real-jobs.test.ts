/**
 * Runs a real job with a little input, so that the suite keeps working. The numbers that matter come from `npm run jobs`. Its library
 * is also one of this project: nothing needs to be installed in benchmarks/.
 */
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withFolder } from './support/folder.ts';
import { node, root } from './support/run.ts';

interface Job {
  workload: string;
  title: string;
  goals: { label: string; verdict: string }[];
  rows: { contender: string; reason?: string; rounds: { totals: string; values: Record<string, number> }[] }[];
}

const only = ['csv', 'one process', 'aiomultiprocess', 'bare forks'];
const run = `${root}benchmarks/jobs/run.js`;

test('every contender does the same work, and its numbers become tables', async () => {
  await withFolder(async (folder) => {
    const file = join(folder, 'jobs.json');
    const args = ['--only', only.join(), '--rounds', '1', '--scale', '0.001', '--json', file];
    const { code, stdout, stderr } = await node([run, ...args], { timeout: 100_000 });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('csv: 4 parts of a CSV file');

    const { results } = JSON.parse(await readFile(file, 'utf8')) as { results: Job[] };
    expect(results.map(({ workload }) => workload)).toEqual(['csv']);
    for (const { rows, goals } of results) {
      expect(rows.map(({ contender }) => contender)).toEqual(['one process', 'aiomultiprocess', 'bare forks']);
      for (const { reason, rounds } of rows) {
        expect({ reason, rounds: rounds.length }).toEqual({ reason: undefined, rounds: 1 });
        expect(rounds[0]?.totals).toBe(rows[0]?.rounds[0]?.totals);
        expect(rounds[0]?.values).toMatchObject({ cold: expect.any(Number), warm: expect.any(Number) });
      }
      expect(goals.map(({ label }) => label)).toContain('seconds, warm');
    }
    expect(JSON.parse(results[0]?.rows[0]?.rounds[0]?.totals ?? '{}')).toMatchObject({ rows: 40_000 });

    await expectPages(folder, file);
  });
}, 120_000);

/** Writes the tables into copies of the pages. */
async function expectPages(folder: string, file: string): Promise<void> {
  await mkdir(join(folder, 'docs'));
  for (const page of ['README.md', 'docs/real-jobs.md']) await cp(join(root, page), join(folder, page));
  const { code, stderr } = await node([`${root}benchmarks/jobs/page.js`, file, folder]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const [readme, page] = await Promise.all(
    ['README.md', 'docs/real-jobs.md'].map((name) => readFile(join(folder, name), 'utf8')),
  );
  expect(readme).toMatch(/^\| 4 parts of a CSV file of a million rows, aggregated \| \d+\.\d+ s \|/m);
  expect(page).toMatch(/^\| csv, seconds, warm \| /m);
  expect(page).toMatch(/^### csv$/m);
}

test('a contender with other totals fails the run', async () => {
  await withFolder(async (folder) => {
    // A copy of the benchmarks, in which the child of the bare forks answers something else.
    const copy = join(folder, 'benchmarks');
    await cp(join(root, 'benchmarks'), copy, {
      recursive: true,
      filter: (path) => !path.includes('node_modules'),
    });
    await writeFile(
      join(copy, 'jobs/contenders/fork-child.js'),
      "process.on('message', () => process.send({ pages: 2 }));\nprocess.on('disconnect', () => process.exit());\n",
    );
    await writeFile(join(copy, 'jobs/tasks/react.js'), 'export const work = async () => ({ pages: 1 });\n');
    await writeFile(join(folder, 'package.json'), JSON.stringify({ version: '0.0.0' }));
    for (const name of ['react', 'react-dom']) await mkdir(join(folder, 'node_modules', name), { recursive: true });
    const args = ['--only', 'react,one process,bare forks', '--rounds', '1', '--scale', '0.001'];
    const { code, stdout } = await node([join(copy, 'jobs/run.js'), ...args], { timeout: 100_000 });
    expect(code).toBe(1);
    expect(stdout).toContain('its totals {"pages":8} differ from those of one process, {"pages":4}');
  });
}, 120_000);
