import type { PoolSnapshot, ProcessEvent, ProcessSnapshot } from '../snapshot.js';
import { ConfirmButton } from './buttons.js';
import { formatAge, formatBytes, formatCount, formatPercent, formatTime } from './format.js';
import { Meter } from './meter.js';

/** How many tasks of a process are listed: a lane keeps its height. */
const MAX_TASKS = 3;

/** A lane for each process: what it runs, and what it uses. */
export function Processes({ pool, actions }: { pool: PoolSnapshot; actions: boolean }) {
  const { processes, id } = pool;
  const most = Math.max(1, ...processes.map(({ memory }) => memory ?? 0));
  return (
    <section class="panel">
      <div class="panel-head">
        <h3>Processes</h3>
        <span class="muted">{formatBytes(processes.reduce((sum, { memory }) => sum + (memory ?? 0), 0))} in all</span>
      </div>
      {processes.length === 0 ? (
        <p class="empty">No process is running.</p>
      ) : (
        <ul class="lanes">
          {processes.map((process) => (
            <Lane key={`${process.place}/${process.pid}`} process={process} most={most} pool={id} actions={actions} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Lane(props: { process: ProcessSnapshot; most: number; pool: string; actions: boolean }) {
  const { process, most, pool, actions } = props;
  const { pid, place, state, restarts, age, running, prefetched, concurrency, done, failed, memory, cpu, tasks } =
    process;
  return (
    <li class={`lane ${state}`}>
      <div class="who">
        <span class="place">{place}</span>
        <span>
          <b>process {pid ?? '–'}</b>
          <small>
            {state === 'ready' ? (running > 0 ? `${running} of ${concurrency} running` : 'idle') : state}
            {prefetched > 0 && `, ${formatCount(prefetched)} next`}
          </small>
        </span>
      </div>
      <ol class="now" aria-label={`Tasks of process ${place}`}>
        {tasks.length === 0 && <li class="muted">no task</li>}
        {tasks.slice(0, MAX_TASKS).map((task) => (
          <li key={task.id} title={task.args === undefined ? undefined : `${task.task}(${task.args})`}>
            <span class="call">
              {task.task || '(anonymous)'}
              {task.args !== undefined && <span class="args">({task.args})</span>}
            </span>
            {task.attempt > 1 && <span class="badge">attempt {task.attempt}</span>}
            <span class="number">{formatTime(task.age)}</span>
            {actions && task.args !== undefined && (
              <ConfirmButton
                label="Cancel"
                what={`task ${task.id}`}
                request={{ pool, action: 'cancelTask', id: task.id }}
              />
            )}
          </li>
        ))}
        {running > MAX_TASKS && <li class="muted">and {running - MAX_TASKS} more</li>}
      </ol>
      <dl class="usage">
        <div>
          <dt>CPU</dt>
          <dd class="number">{cpu === undefined ? '–' : formatPercent(cpu)}</dd>
          <dd>
            <Meter part={cpu ?? 0} label={`CPU of process ${place}`} />
          </dd>
        </div>
        <div>
          <dt>Memory</dt>
          <dd class="number">{memory === undefined ? '–' : formatBytes(memory)}</dd>
          <dd>
            <Meter part={(memory ?? 0) / most} label={`Memory of process ${place}, compared with the largest`} />
          </dd>
        </div>
      </dl>
      <dl class="facts">
        <Fact name="Age" value={formatAge(age)} />
        <Fact name="Done" value={formatCount(done)} />
        <Fact name="Failed" value={formatCount(failed)} isBad={failed > 0} />
        <Fact name="Restarts" value={formatCount(restarts)} />
      </dl>
      {actions && pid !== undefined && state !== 'draining' && (
        <ConfirmButton label="Replace" what={`process ${pid}`} request={{ pool, action: 'replaceProcess', id: pid }} />
      )}
    </li>
  );
}

function Fact({ name, value, isBad = false }: { name: string; value: string; isBad?: boolean }) {
  return (
    <div class={isBad ? 'bad' : undefined}>
      <dt>{name}</dt>
      <dd class="number">{value}</dd>
    </div>
  );
}

/** Starts, replacements and ends of processes, and why. */
export function ProcessEvents({ events, clock }: { events: readonly ProcessEvent[]; clock: number }) {
  return (
    <section class="panel">
      <h3>Starts and ends of processes</h3>
      <ul class="events">
        {events.map(({ clock: at, place, pid, text, isFailure }) => (
          <li key={`${at}/${pid}`} class={isFailure ? 'bad' : undefined}>
            <span class="number muted">{formatAge(clock - at)} ago</span>
            <span class="place">{place}</span>
            <span>
              process {pid ?? '–'} {text}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
