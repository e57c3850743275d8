// Reads the kernel's data about processes. Linux only: other systems count CPU time in steps that exceed that of an idle
// pool.

import { readdirSync, readFileSync } from 'node:fs';

export const whyUnreadable = process.platform === 'linux' ? undefined : 'needs /proc, which only Linux has';

/** The descendants of this process. */
export function findDescendants(root = process.pid) {
  const parents = new Map();
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) && readOrNothing(`/proc/${name}/stat`);
    // pid (name) state parent; the name may contain spaces and parentheses.
    if (stat) parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
  }
  const isBelow = (pid) => pid !== undefined && pid !== 0 && (parents.get(pid) === root || isBelow(parents.get(pid)));
  return [...parents.keys()].filter(isBelow);
}

export function readResidentMiB(pid) {
  return readStatus(pid, 'VmRSS');
}

/** The most resident memory that the process has ever had. */
export function readPeakMiB(pid) {
  return readStatus(pid, 'VmHWM');
}

function readStatus(pid, field) {
  return (
    Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024
  );
}

/** The CPU time of all threads, in milliseconds. The scheduler counts nanoseconds, `stat` only ticks of 10 ms. */
export function readCpuTime(pid) {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    nanoseconds += Number(readOrNothing(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0]);
  }
  return nanoseconds / 1e6;
}

/** Processes and threads may exit while they are listed. */
function readOrNothing(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
