import type { HostSnapshot } from '../snapshot.js';
import { Distributions } from './distributions.js';
import { formatAge, formatCount, formatTime } from './format.js';
import { Processes } from './processes.js';
import { Failures, Slowest } from './tasks.js';

/** A host that has told nothing for this time may be gone, in milliseconds. */
const SILENT = 5000;

/** The hosts of a distributed pool. */
export function Hosts({ hosts }: { hosts: readonly HostSnapshot[] }) {
  if (hosts.length === 0) return <p class="panel empty">No host has told its state yet.</p>;
  return (
    <>
      {hosts.map((host) => (
        <Host key={host.name} host={host} />
      ))}
    </>
  );
}

function Host({ host }: { host: HostSnapshot }) {
  const { name, age, clock, leases, chunks, chunkSizes, latency, pool } = host;
  const sizes = chunkSizes.length === 0 ? '–' : `${Math.min(...chunkSizes)} to ${Math.max(...chunkSizes)} tasks`;
  return (
    <details class="host" open>
      <summary>
        <h3>Host {name}</h3>
        {age > SILENT && <span class="badge paused">silent for {formatAge(age)}</span>}
        <span class="muted">
          {pool.processes.length} processes · {formatCount(pool.done)} done · {formatCount(pool.failed)} failed
        </span>
      </summary>
      <dl class="tiles">
        <HostFact name="Running" value={formatCount(pool.running)} />
        <HostFact name="Chunks" value={formatCount(chunks)} />
        <HostFact name="Chunk sizes" value={sizes} />
        <HostFact name="Callers with a lease" value={formatCount(leases)} />
        <HostFact name="Datastore" value={latency === null ? '–' : formatTime(latency)} />
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

function HostFact({ name, value }: { name: string; value: string }) {
  return (
    <div class="tile">
      <dt>{name}</dt>
      <dd>
        <span class="value">{value}</span>
      </dd>
    </div>
  );
}
