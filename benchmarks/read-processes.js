// What the kernel knows about processes. Linux only: elsewhere the tools count CPU time in steps that are larger
// than what an idle pool takes.

import { readdirSync, readFileSync } from 'node:fs';

export const whyUnreadable = process.platform === 'linux' ? undefined : 'needs /proc, which only Linux has';

/** The children of this process, and theirs. */
export function findDescendants(root = process.pid) {
  const parents = new Map();
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) && readOrNothing(`/proc/${name}/stat`);
    // pid (name) state parent; a name may have spaces and brackets in it.
    if (stat) parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
  }
  const isBelow = (pid) => pid !== undefined && pid !== 0 && (parents.get(pid) === root || isBelow(parents.get(pid)));
  return [...parents.keys()].filter(isBelow);
}

export function readResidentMiB(pid) {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
}

/** Of all its threads, in milliseconds. The scheduler counts nanoseconds where `stat` has ticks of 10 ms. */
export function readCpuTime(pid) {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    nanoseconds += Number(readOrNothing(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0]);
  }
  return nanoseconds / 1e6;
}

/** Processes and threads end while they are listed. */
function readOrNothing(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
