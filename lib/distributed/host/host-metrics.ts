import type { HostStats } from '../stats.js';
import type { QueueState } from '../wire/queue-state.js';

type Metric = readonly [type: 'gauge' | 'counter', name: string, help: string];

/** The Prometheus metric of each number of a host. */
const HOST_METRICS = {
  chunks: ['gauge', 'chunks', 'Chunks of tasks taken from the queue and not finished.'],
  running: ['gauge', 'tasks', 'Tasks taken from the queue and not finished.'],
  slots: ['gauge', 'slots', 'Tasks that the host runs at a time.'],
  done: ['counter', 'tasks_total', 'Tasks finished.'],
  failed: ['counter', 'tasks_failed_total', 'Tasks that failed.'],
  refused: ['counter', 'jobs_refused_total', 'Jobs rejected.'],
  finishedChunks: ['counter', 'chunks_total', 'Chunks finished.'],
} as const satisfies Partial<Record<keyof HostStats, Metric>>;

/** The metric of each number of a queue. All hosts of the queue report the same. */
const QUEUE_METRICS: Readonly<Record<keyof QueueState, Metric>> = {
  waiting: ['gauge', 'waiting_tasks', 'Tasks that no host has taken, in the datastore and in callers.'],
  active: ['gauge', 'active_tasks', 'Tasks that hosts have taken and not finished.'],
  callers: ['gauge', 'callers', 'Callers with a lease.'],
  refused: ['gauge', 'refused_jobs', 'Refused jobs that are kept for inspection.'],
};

const STATES: readonly HostStats['datastore'][] = ['ready', 'degraded', 'away'];

/** Writes metrics in the text format of Prometheus. @param state - `undefined` if it cannot be read. */
export function writeMetrics(queue: string, stats: HostStats, state: QueueState | undefined): string {
  const label = `{queue="${queue.replaceAll(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"}`;
  const blocks = Object.entries(HOST_METRICS).map(([key, metric]) =>
    write('host', metric, { '': stats[key as keyof typeof HOST_METRICS] }),
  );
  const states = STATES.map((each) => [`{state="${each}"}`, each === stats.datastore ? 1 : 0]);
  blocks.push(
    write('host', ['gauge', 'datastore', 'State of the datastore: 1 for the current one.'], fromPairs(states)),
  );
  const { silence, clockSkew, lease } = stats;
  if (silence !== null)
    blocks.push(
      write('host', ['gauge', 'datastore_silence_seconds', 'Time since the datastore answered.'], {
        '': silence / 1000,
      }),
    );
  if (lease !== null)
    blocks.push(
      write('host', ['gauge', 'lease_seconds', 'Time until the first lease of its callers ends.'], {
        '': lease / 1000,
      }),
    );
  blocks.push(
    write('host', ['gauge', 'clock_skew_seconds', "How far this machine's clock is ahead of the datastore's."], {
      '': clockSkew / 1000,
    }),
  );
  for (const [key, metric] of Object.entries(state === undefined ? {} : QUEUE_METRICS)) {
    blocks.push(write('queue', metric, { [label]: (state as QueueState)[key as keyof QueueState] }));
  }
  return blocks.join('');
}

function fromPairs(pairs: (string | number)[][]): Record<string, number> {
  return Object.fromEntries(pairs);
}

/** @param values - by their labels. */
function write(subject: 'host' | 'queue', [type, suffix, help]: Metric, values: Record<string, number>): string {
  const name = `aiomultiprocess_${subject}_${suffix}`;
  const lines = Object.entries(values).map(([labels, value]) => `${name}${labels} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}
