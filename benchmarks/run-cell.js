import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const defaultCell = fileURLToPath(new URL('./cell.js', import.meta.url));
/** The time, in milliseconds, for a pool to close after it has answered everything. */
const CLOSE_WITHIN = 3_000;

const running = new Set();

/**
 * Runs one cell within a time limit. In every case its whole process group is gone afterwards.
 *
 * @param {object} job
 * @param {number} bound milliseconds
 * @param {string} [cell] the program that runs it
 * @returns {Promise<{ failure?: string, count?: number, samples?: object[], values?: Record<string, number> }>}
 */
export function runCell(job, bound, cell = defaultCell) {
  return new Promise((resolve) => {
    const pin = job.core === undefined ? [] : ['taskset', '-c', String(job.core)];
    const [command, ...args] = [...pin, process.execPath, cell, JSON.stringify(job)];
    const child = spawn(command, args, {
      // Its own process group can be killed as a whole.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    running.add(child);
    const chunks = [];
    let errors = '';
    let result;
    let timer = setTimeout(finish, bound);

    child.stdio[1].resume();
    child.stdio[2].on('data', (chunk) => {
      errors = (errors + chunk).slice(-2_000);
    });
    child.stdio[3].on('data', (chunk) => {
      chunks.push(chunk);
      if (result || !chunk.includes('\n')) return;
      result = JSON.parse(Buffer.concat(chunks).toString().split('\n')[0]);
      clearTimeout(timer);
      timer = setTimeout(finish, CLOSE_WITHIN);
    });
    child.on('error', (error) => {
      result = { failure: error.code === 'ENOENT' ? `${command} is not installed` : error.message };
      finish();
    });
    child.on('exit', (code, signal) => {
      // The last output of the cell may still arrive.
      const end = () => {
        result ??= { failure: describeExit(code, signal, errors) };
        finish();
      };
      if (child.stdio[3].readableEnded) end();
      else child.stdio[3].on('end', end);
    });

    function finish() {
      clearTimeout(timer);
      running.delete(child);
      killGroup(child);
      resolve(result ?? { failure: `no result within ${bound / 1000} s, killed` });
    }
  });
}

/** Used when the run itself is interrupted. */
export function killRunningCells() {
  for (const child of running) killGroup(child);
}

function killGroup(child) {
  if (!child.pid) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The group has already exited.
  }
}

function describeExit(code, signal, errors) {
  const line = errors
    .split('\n')
    .find((text) => /error/i.test(text))
    ?.trim();
  return `ended with ${signal ?? `code ${code}`}${line ? `: ${line}` : ''}`;
}
