import { readFileSync } from 'node:fs';

/** The first core that this process may use. In a container this may be another core than 0. */
export function findFirstCore() {
  if (process.platform !== 'linux') return 0;
  return Number(/^Cpus_allowed_list:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0);
}
