import type { PoolSnapshot } from '../snapshot.js';
import { ActionButton } from './buttons.js';
import { QueueChart, RateChart } from './charts.js';
import { Distributions } from './distributions.js';
import { formatBytes, formatCount, formatNumber, formatRate, formatTime } from './format.js';
import { Hosts, HostTiles } from './hosts.js';
import { Meter } from './meter.js';
import { ProcessEvents, Processes } from './processes.js';
import { type PoolHistory, store } from './store.js';
import { Failures, Slowest } from './tasks.js';
import { Tile } from './tile.js';
import { Timeline } from './timeline.js';
import { Work } from './work.js';

interface Props {
  pool: PoolSnapshot;
  clock: number;
  actions: boolean;
}

export function PoolView({ pool, clock, actions }: Props) {
  const history = store.historyOf(pool.id);
  const isDistributed = pool.kind === 'distributed';
  return (
    <>
      <PoolHeading pool={pool} actions={actions} />
      <Tiles pool={pool} history={history} />
      <div class="grid two">
        <RateChart history={history} clock={clock} />
        <QueueChart history={history} clock={clock} />
      </div>
      {(pool.maps.length > 0 || pool.streams.length > 0) && <Work pool={pool} actions={actions} />}
      {pool.hosts && <Hosts hosts={pool.hosts} />}
      {!isDistributed && <Processes pool={pool} actions={actions} />}
      {!isDistributed && <Timeline pool={pool} history={history} clock={clock} />}
      {!isDistributed && <Distributions pool={pool} />}
      <div class="grid two">
        <Failures failures={pool.failures} clock={clock} total={pool.failed} />
        {!isDistributed && <Slowest tasks={pool.slowest} />}
      </div>
      {!isDistributed && pool.processEvents.length > 0 && <ProcessEvents events={pool.processEvents} clock={clock} />}
    </>
  );
}

function PoolHeading({ pool, actions }: { pool: PoolSnapshot; actions: boolean }) {
  const { id, name, state, kind, processes, hosts } = pool;
  const size =
    kind === 'distributed'
      ? formatNumber(hosts?.length ?? 0, 'host', 'hosts')
      : formatNumber(processes.length, 'process', 'processes');
  return (
    <div class="heading">
      <h2>{name}</h2>
      <span class={`badge ${state}`}>{state}</span>
      <span class="muted">{state === 'ended' ? '' : size}</span>
      {actions && kind === 'local' && (
        <div class="actions">
          {state === 'paused' ? (
            <ActionButton label="Resume" request={{ pool: id, action: 'resume' }} />
          ) : (
            <ActionButton label="Pause" request={{ pool: id, action: 'pause' }} />
          )}
        </div>
      )}
    </div>
  );
}

/** Seconds over which the current rate is measured. */
const RATE_SECONDS = 5;

function Tiles({ pool, history }: { pool: PoolSnapshot; history: PoolHistory }) {
  const { queued, running, done, failed, retried, maxQueueSize, sharedMemory, sampling, latency, host } = pool;
  const recent = history.points.slice(-RATE_SECONDS - 1);
  const [first, last] = [recent[0], recent.at(-1)];
  const rate =
    first && last && last[0] > first[0] ? ((last[1] + last[2] - first[1] - first[2]) / (last[0] - first[0])) * 1000 : 0;
  return (
    <dl class="tiles">
      <Tile name="Queued" value={formatCount(queued)} note={maxQueueSize ? `of ${formatCount(maxQueueSize)}` : ''}>
        {maxQueueSize !== undefined && <Meter part={queued / maxQueueSize} label="Queue" />}
      </Tile>
      <Tile name="Running" value={formatCount(running)} />
      <Tile name="Done" value={formatCount(done)} note={`${formatRate(rate)}/s`} tone="good" />
      <Tile name="Failed" value={formatCount(failed)} tone={failed > 0 ? 'bad' : undefined} />
      <Tile name="Retried" value={formatCount(retried)} />
      {sharedMemory && (
        <Tile
          name="Shared memory"
          value={sharedMemory.way === 'pipe' ? 'not in use' : formatBytes(sharedMemory.used)}
          note={sharedMemory.way === 'mapped' && sharedMemory.limit ? `of ${formatBytes(sharedMemory.limit)}` : ''}
        />
      )}
      {latency !== undefined && <Tile name="Datastore" value={formatTime(latency)} />}
      {host && <HostTiles facts={host} />}
      {sampling > 1 && <Tile name="Measured" value={`1 in ${formatCount(sampling)}`} note="tasks" />}
    </dl>
  );
}
