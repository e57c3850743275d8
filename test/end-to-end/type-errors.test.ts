import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { node, root } from '../support/run.ts';

test('a wrong item of a map is a single type error, at the item', async () => {
  // Inside the repository, where the package resolves by its name.
  const folder = await mkdtemp(join(root, 'test/type-errors-'));
  try {
    const program = [
      "import type { Pool } from 'aiomultiprocess';",
      'declare const pool: Pool;',
      'declare function toText(value: number): Promise<string>;',
      "pool.map(toText, ['a']);",
    ];
    await writeFile(join(folder, 'wrong.mts'), program.join('\n'));
    const compilerOptions = { noEmit: true, outDir: null, rootDir: null };
    const config = { extends: join(root, 'tsconfig.json'), compilerOptions, include: ['*.mts'] };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
    const { stdout } = await node([`${root}node_modules/typescript/bin/tsc`, '--pretty', 'false', '-p', folder]);
    expect(stdout).toMatch(/^[^\n]*wrong\.mts\(4,19\): error TS2769/);
    expect(stdout.trim().split('\n').slice(1)).toEqual([
      '  The last overload gave the following error.',
      "    Type 'string' is not assignable to type 'number'.",
    ]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
