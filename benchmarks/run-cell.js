import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const cell = fileURLToPath(new URL('./cell.js', import.meta.url));
/** A pool that has answered everything gets this long to close. */
const CLOSE_WITHIN = 3_000;

const running = new Set();

/**
 * Runs one cell within a bound. Whatever happens, its whole process group is gone afterwards.
 *
 * @param {object} job
 * @param {number} bound milliseconds
 * @returns {Promise<{ failure?: string, count?: number, samples?: object[], values?: Record<string, number> }>}
 */
export function runCell(job, bound) {
  return new Promise((resolve) => {
    const pin = job.core === undefined ? [] : ['taskset', '-c', String(job.core)];
    const [command, ...args] = [...pin, process.execPath, cell, JSON.stringify(job)];
    const child = spawn(command, args, {
      // A group of its own can be killed as a whole.
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
      result = { failure: error.code === 'ENOENT' ? `there is no ${command} here` : error.message };
      finish();
    });
    child.on('exit', (code, signal) => {
      // What the cell wrote last may still be on its way.
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

/** For when the run itself is interrupted. */
export function killRunningCells() {
  for (const child of running) killGroup(child);
}

function killGroup(child) {
  if (!child.pid) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The group is gone already.
  }
}

function describeExit(code, signal, errors) {
  const line = errors
    .split('\n')
    .find((text) => /error/i.test(text))
    ?.trim();
  return `ended with ${signal ?? `code ${code}`}${line ? `: ${line}` : ''}`;
}
