import { readFile } from 'node:fs/promises';
import { performance } from '../../util/clock.js';

/** The time between two readings, in milliseconds. */
const INTERVAL = 1000;
/** Ticks of a second in Linux's /proc, in milliseconds: the kernel shows 100 a second on every architecture. */
const TICK = 10;

/** What a process uses. */
interface Usage {
  /** The processor time so far, in milliseconds, and when it was read. */
  cpuTime: number;
  readAt: number;
  /** The part of one core that it uses. */
  cpu: number | undefined;
  memory: number | undefined;
}

/**
 * The memory and the processor time of processes, as the kernel counts them: also of those that are in a busy loop and
 * cannot report them. Only Linux shows them; elsewhere nothing is known.
 */
export class ProcessUsage {
  #known = new Map<number, Usage>();
  #nextAt = 0;
  #isReading = false;

  get(pid: number | undefined): Pick<Usage, 'cpu' | 'memory'> | undefined {
    return pid === undefined ? undefined : this.#known.get(pid);
  }

  /** Reads in the background, at most once a second. */
  refresh(pids: readonly number[]): void {
    const now = performance.now();
    if (process.platform !== 'linux' || this.#isReading || now < this.#nextAt) return;
    this.#isReading = true;
    this.#nextAt = now + INTERVAL;
    void this.#read(pids);
  }

  async #read(pids: readonly number[]): Promise<void> {
    const read = await Promise.all(pids.map(async (pid) => [pid, await this.#readOne(pid)] as const));
    this.#known = new Map(read.filter((each): each is [number, Usage] => each[1] !== undefined));
    this.#isReading = false;
  }

  async #readOne(pid: number): Promise<Usage | undefined> {
    try {
      const [stat, status] = await Promise.all([read(pid, 'stat'), read(pid, 'status')]);
      const readAt = performance.now();
      // The name of the program comes before, in parentheses, and may contain anything.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const cpuTime = (Number(fields[11]) + Number(fields[12])) * TICK;
      const before = this.#known.get(pid);
      const cpu = before && Math.max(0, (cpuTime - before.cpuTime) / (readAt - before.readAt));
      const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(status) ?? [];
      return { cpuTime, readAt, cpu, memory: kilobytes === undefined ? undefined : Number(kilobytes) * 1024 };
    } catch {
      // It has exited.
      return undefined;
    }
  }
}

function read(pid: number, file: string): Promise<string> {
  return readFile(`/proc/${pid}/${file}`, 'latin1');
}
