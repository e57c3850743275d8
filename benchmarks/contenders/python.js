import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const script = fileURLToPath(new URL('../tasks/python_pool.py', import.meta.url));
const execute = promisify(execFile);

/** Python's aiomultiprocess, the original, for orientation. CPU tasks of another language are not compared. */
/** @type {import('./index.js').Contender} */
export default {
  name: "Python's aiomultiprocess",
  kind: 'other',

  async whyUnavailable() {
    try {
      await execute('python3', ['-c', 'import aiomultiprocess']);
      return undefined;
    } catch {
      return '`python3 -c "import aiomultiprocess"` fails';
    }
  },

  async measure({ workload, processes, longest }) {
    const job = { workload: workload.name, count: workload.count, size: workload.size ?? 0, processes, longest };
    const { stdout } = await execute('python3', [script, JSON.stringify(job)], { maxBuffer: 64 * 1024 * 1024 });
    return JSON.parse(stdout);
  },
};
