import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import ours from './ours.js';

const execute = promisify(execFile);

/** LPUSH and RPOP on a list of a separate Redis server, over a Unix socket and without persistence. */
/** @type {import('./index.js').Contender} */
export default {
  name: 'Redis lists',
  kind: 'manager',

  async whyUnavailable() {
    try {
      await execute('redis-server', ['--version']);
      return undefined;
    } catch {
      return 'redis-server is not installed';
    }
  },

  async open({ processes, task }) {
    if (task !== 'queuePairs') throw new Error('has lists, and no locks');
    const folder = await mkdtemp(join(tmpdir(), 'aiomultiprocess-bench-'));
    const path = join(folder, 'redis.sock');
    const server = spawn('redis-server', ['--port', '0', '--unixsocket', path, '--save', '', '--appendonly', 'no'], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    for await (const line of server.stdout) if (String(line).includes('eady to accept')) break;
    const pool = await ours.open({ processes, task: 'redisPairs' });
    return {
      ...pool,
      share: async () => ({ queue: path }),
      async close() {
        await pool.close();
        server.kill();
        await once(server, 'exit');
        await rm(folder, { recursive: true });
      },
    };
  },
};
