/** `aiomultiprocess map --input` of a named pipe, such as `<(…)`: the run can end while it waits for the writer. */
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { run } from '../support/run.ts';
import { startMap } from '../support/start-map.ts';

const onLinux = process.platform === 'linux' ? describe : describe.skip;

let folder: string;
let pipe: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'aiomultiprocess-test-'));
  pipe = join(folder, 'pipe');
  expect(await run('mkfifo', [pipe])).toMatchObject({ code: 0 });
});
afterEach(() => rmSync(folder, { recursive: true }));

const start = () => startMap('./tasks.js#failOnThree', '-p', '1', '--input', pipe);

onLinux('a named pipe (which Linux can open for both sides at once)', () => {
  test('whose writer opens it later and closes it', async () => {
    const child = start();
    const writer = await open(pipe, 'w');
    await writer.writeFile('1\n2');
    await writer.close();
    const lines = await createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    expect([(await lines.next()).value, (await lines.next()).value]).toEqual(['1', '2']);
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  test.each([
    ['an item that stops the run', (_kill: () => void, write: (text: string) => void) => write('3\n'), 1],
    ['an interrupt', (kill: () => void) => kill(), 130],
  ])('whose writer stays open does not delay %s', async (_what, end, code) => {
    const descriptor = openSync(pipe, constants.O_RDWR);
    try {
      const child = start();
      writeSync(descriptor, '1\n');
      await once(child.stdout, 'data');
      end(
        () => child.kill('SIGINT'),
        (text) => writeSync(descriptor, text),
      );
      expect(await once(child, 'exit')).toEqual([code, null]);
    } finally {
      closeSync(descriptor);
    }
  });
});
