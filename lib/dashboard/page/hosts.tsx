import type { HostFacts } from '../../observe/inspection.js';
import type { HostSnapshot } from '../snapshot.js';
import { Distributions } from './distributions.js';
import { formatAge, formatCount, formatNumber, formatRate, formatTime } from './format.js';
import { Processes } from './processes.js';
import { Failures, Slowest } from './tasks.js';
import { Tile } from './tile.js';

/** Hosts tell their state once a second. One that has not for this time may be gone, in milliseconds. */
const SILENT = 3000;

/** The hosts of a distributed pool. */
export function Hosts({ hosts }: { hosts: readonly HostSnapshot[] }) {
  if (hosts.length === 0) {
    return <p class="panel empty">No host has answered yet. The pool connects with its first call.</p>;
  }
  return (
    <>
      {hosts.map((host) => (
        <Host key={host.name} host={host} />
      ))}
    </>
  );
}

function Host({ host }: { host: HostSnapshot }) {
  const { name, age, clock, facts, rate, processes, pool } = host;
  const shown = pool.processes.length;
  return (
    <details class="host" open>
      <summary>
        <h3>Host {name}</h3>
        {age > SILENT && <span class="badge paused">silent for {formatAge(age)}</span>}
        <span class="muted">
          {shown < processes && `the first ${shown} of `}
          {formatNumber(processes, 'process', 'processes')}
        </span>
      </summary>
      <dl class="tiles">
        <Tile name="Waiting" value={formatCount(pool.queued)} />
        <Tile name="Running" value={formatCount(pool.running)} note={`of ${formatCount(facts.slots)}`} />
        <Tile
          name="Done"
          value={formatCount(pool.done)}
          note={rate === undefined ? '' : `${formatRate(rate)}/s`}
          tone="good"
        />
        <Tile
          name="Failed"
          value={formatCount(pool.failed)}
          note={pool.retried > 0 ? `${formatCount(pool.retried)} retried` : ''}
          tone={pool.failed > 0 ? 'bad' : undefined}
        />
        <HostTiles facts={facts} />
      </dl>
      <Processes pool={pool} actions={false} />
      <Distributions pool={pool} />
      <div class="grid two">
        <Failures failures={pool.failures} clock={clock} total={pool.failed} />
        <Slowest tasks={pool.slowest} />
      </div>
    </details>
  );
}

/** What a host has to do with the datastore. */
export function HostTiles({ facts: { leases, chunks, chunkSizes, latency } }: { facts: HostFacts }) {
  const [least, most] = [Math.min(...chunkSizes), Math.max(...chunkSizes)];
  const sizes = least === most ? formatCount(most) : `${formatCount(least)} to ${formatCount(most)}`;
  return (
    <>
      <Tile name="Chunks" value={formatCount(chunks)} />
      <Tile
        name="Chunk sizes"
        value={chunkSizes.length === 0 ? '–' : sizes}
        note={chunkSizes.length === 0 ? '' : 'tasks'}
      />
      <Tile name="Leases" value={formatCount(leases)} note={leases === 1 ? 'caller' : 'callers'} />
      <Tile name="Datastore" value={latency === undefined ? '–' : formatTime(latency)} />
    </>
  );
}
