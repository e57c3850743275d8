import type { MapSnapshot, PoolSnapshot, StreamSnapshot } from '../snapshot.js';
import { ConfirmButton } from './buttons.js';
import { formatAge, formatCount, formatRate } from './format.js';

/** Maps and streams that have not ended. */
export function Work({ pool: { id, maps, streams, calls }, actions }: { pool: PoolSnapshot; actions: boolean }) {
  return (
    <section class="panel">
      <div class="panel-head">
        <h3>Maps and streams</h3>
        <span class="muted">
          {calls > maps.length + streams.length && `the first ${maps.length + streams.length} of ${formatCount(calls)}`}
        </span>
      </div>
      <ul class="work">
        {maps.map((map) => (
          <MapRow key={`map ${map.id}`} map={map} pool={id} actions={actions} />
        ))}
        {streams.map((stream) => (
          <StreamRow key={`stream ${stream.id}`} stream={stream} />
        ))}
      </ul>
    </section>
  );
}

function MapRow({ map, pool, actions }: { map: MapSnapshot; pool: string; actions: boolean }) {
  const { id, task, age, done, failed, total, rate, isStalled } = map;
  const left = total !== undefined && rate > 0 ? ((total - done) / rate) * 1000 : undefined;
  const percent = total === undefined ? undefined : total === 0 ? 100 : Math.floor((done / total) * 100);
  return (
    <li>
      <span class="call">
        map {task} <Stalled isStalled={isStalled} />
      </span>
      <span class="bar">
        <progress max={total} value={total === undefined ? undefined : done} aria-label={`Progress of map ${task}`} />
        {percent !== undefined && <span class="number percent">{percent} %</span>}
      </span>
      <span class="number counts">
        {formatCount(done)}
        {total !== undefined && ` of ${formatCount(total)}`}
        {failed > 0 && <b class="bad"> {formatCount(failed)} failed</b>}
      </span>
      <span class="number">{formatRate(rate)}/s</span>
      <span class="number left">{left === undefined ? `since ${formatAge(age)}` : `${formatAge(left)} left`}</span>
      {actions && <ConfirmButton label="Cancel" what={`map ${task}`} request={{ pool, action: 'cancelMap', id }} />}
    </li>
  );
}

function StreamRow({ stream: { task, age, items, waiting, isStalled } }: { stream: StreamSnapshot }) {
  return (
    <li>
      <span class="call">
        stream {task} <Stalled isStalled={isStalled} />
      </span>
      <span class="bar">
        <progress aria-label={`Progress of stream ${task}`} />
      </span>
      <span class="number counts">{formatCount(items)} items</span>
      <span class="number">{formatCount(waiting)} wait</span>
      <span class="number left">since {formatAge(age)}</span>
    </li>
  );
}

function Stalled({ isStalled }: { isStalled: boolean }) {
  return isStalled ? <span class="badge paused">waits for its consumer</span> : null;
}
