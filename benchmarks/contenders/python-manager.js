import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const script = fileURLToPath(new URL('../tasks/python_manager.py', import.meta.url));
const execute = promisify(execFile);

/** The model of the manager: `multiprocessing.Manager()` of Python's standard library. */
/** @type {import('./index.js').Contender} */
export default {
  name: "Python's Manager",
  kind: 'manager',

  async whyUnavailable() {
    try {
      await execute('python3', ['-c', 'import multiprocessing.managers']);
      return undefined;
    } catch {
      return 'python3 is not installed';
    }
  },

  async measure({ workload, processes }) {
    const job = { workload: workload.name, width: workload.width, processes };
    const { stdout } = await execute('python3', [script, JSON.stringify(job)]);
    return JSON.parse(stdout);
  },
};
