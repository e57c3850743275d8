import { cut, summarizeError } from '../../observe/describe.js';
import type { ExitInfo, PoolEvents, ProcessInfo } from '../../observe/events.js';
import type { InspectedPool } from '../../observe/inspection.js';
import { performance } from '../../util/clock.js';
import type { ProcessEvent } from '../snapshot.js';

const KEPT = 20;
/** The longest error, in characters. */
const MAX_ERROR = 200;

/** What has happened to the processes of a pool: why they were replaced, and how they exited. */
export class ProcessEvents {
  /** The newest first. */
  readonly #events: ProcessEvent[] = [];
  readonly #stop: () => void;

  constructor(events: InspectedPool['events']) {
    const listeners: Partial<PoolEvents> = {
      processReady: (info) => this.#add(info, `ready after ${Math.round(info.startUpTime + info.initTime)} ms`),
      processRecycled: (info) => this.#add(info, `is replaced: ${info.reason}`),
      processExited: (info) => this.#add(info, describeExit(info), info.reason === 'failed'),
    };
    const entries = Object.entries(listeners) as [keyof PoolEvents, never][];
    for (const [event, listener] of entries) events.on(event, listener);
    this.#stop = () => {
      for (const [event, listener] of entries) events.off(event, listener);
    };
  }

  #add({ place, pid }: ProcessInfo, text: string, isFailure = false): void {
    this.#events.unshift({ clock: performance.now(), place, pid, text, isFailure });
    if (this.#events.length > KEPT) this.#events.pop();
  }

  read(): ProcessEvent[] {
    return [...this.#events];
  }

  close(): void {
    this.#stop();
  }
}

function describeExit({ reason, exitCode, signal, error }: ExitInfo): string {
  const how = signal === null ? (exitCode === 0 || exitCode === null ? '' : `, code ${exitCode}`) : `, ${signal}`;
  const why = error === undefined ? '' : `: ${cut(summarizeError(error), MAX_ERROR)}`;
  return `exited (${reason})${how}${why}`;
}
