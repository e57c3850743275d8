/** The container command of docs/distributed.md shuts down as the page promises. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { blocksOf, pages } from '../../support/pages.ts';
import { root } from '../../support/run.ts';
import { findFreePort, startRedis } from '../../support/servers.ts';

/** The command of the page's compose file, as a list of words. */
function readCommand(): string[] {
  const page = pages().find(({ name }) => name === 'docs/distributed.md');
  const file = blocksOf('docs/distributed.md', page?.text ?? '').find(({ language }) => language === 'yaml');
  const [, command = '[]'] = /^ +command: (\[.*\])$/m.exec(file?.text ?? '') ?? [];
  return JSON.parse(command);
}

test('the command of the compose file receives the signal itself, and exits within its grace period', async () => {
  const redis = await startRedis();
  const folder = mkdtempSync(join(tmpdir(), 'aiomultiprocess-test-'));
  try {
    // The same layout as npm installs.
    mkdirSync(join(folder, 'node_modules/.bin'), { recursive: true });
    const script = `#!/bin/sh\nexec '${process.execPath}' '${root}dist/bin/aiomultiprocess.js' "$@"\n`;
    writeFileSync(join(folder, 'node_modules/.bin/aiomultiprocess'), script, { mode: 0o755 });
    writeFileSync(join(folder, 'tasks.js'), 'exports.work = () => 1;\n');
    const port = String(await findFreePort());
    const [program = '', ...args] = readCommand().map((word) => (word === '9100' ? port : word));
    const env = { ...process.env, AIOMULTIPROCESS_CONNECTION: redis.url };
    const host = spawn(program, args, { cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe'] });
    const exited = once(host, 'exit');
    const lines: string[] = [];
    for await (const line of createInterface({ input: host.stderr })) {
      lines.push(line);
      if (line.includes('runs tasks of the queue crawl')) host.kill('SIGTERM');
    }
    expect(lines).toEqual([
      expect.stringContaining(`; port ${port}`),
      expect.stringContaining('closing: running tasks'),
    ]);
    expect(await exited).toEqual([0, null]);
  } finally {
    rmSync(folder, { recursive: true });
    await redis.remove();
  }
});
