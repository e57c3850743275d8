import type { SlowTask } from '../../observe/measure/slowest-tasks.js';
import type { FailureSnapshot } from '../snapshot.js';
import { formatAge, formatCount, formatTime } from './format.js';

/** The last tasks that failed. Each opens to its stack. */
export function Failures(props: { failures: readonly FailureSnapshot[]; clock: number; total: number }) {
  const { failures, clock, total } = props;
  return (
    <section class="panel">
      <div class="panel-head">
        <h3>Last failures</h3>
        <span class="muted">{failures.length < total && `${failures.length} of ${formatCount(total)}`}</span>
      </div>
      {failures.length === 0 && (
        <p class="empty">{total === 0 ? 'No task has failed.' : 'None since the dashboard was opened.'}</p>
      )}
      <ul class="failures">
        {failures.map((failure) => (
          <li key={`${failure.id}/${failure.clock}`}>
            <details>
              <summary>
                <span class="call">{failure.task}</span>
                <span class="error">{failure.error}</span>
                <span class="number muted">{formatAge(clock - failure.clock)} ago</span>
              </summary>
              <dl class="facts">
                <div>
                  <dt>Arguments</dt>
                  <dd class="code">{failure.args || 'none'}</dd>
                </div>
                <div>
                  <dt>Attempt</dt>
                  <dd class="number">{failure.attempt}</dd>
                </div>
                <div>
                  <dt>Task</dt>
                  <dd class="number">{failure.id}</dd>
                </div>
                <div>
                  <dt>Process</dt>
                  <dd class="number">{failure.pid ?? 'never sent'}</dd>
                </div>
              </dl>
              <section class="stack" aria-label={`Stack of task ${failure.id}`} tabIndex={0}>
                <pre>{failure.details}</pre>
              </section>
            </details>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The slowest of the tasks that were measured. */
export function Slowest({ tasks }: { tasks: readonly SlowTask[] }) {
  return (
    <section class="panel">
      <h3>Slowest tasks</h3>
      {tasks.length === 0 ? (
        <p class="empty">No task has ended since the page was opened.</p>
      ) : (
        <div class="scroll" tabIndex={0} role="region" aria-label="Slowest tasks">
          <table>
            <thead>
              <tr>
                <th scope="col">Task</th>
                <th scope="col" class="number">
                  Run time
                </th>
                <th scope="col" class="number">
                  Process
                </th>
                <th scope="col" class="number">
                  Attempt
                </th>
              </tr>
            </thead>
            <tbody>
              {tasks.map(({ id, task, args, runTime, place, attempt }) => (
                <tr key={id}>
                  <td class="call" title={`${task}(${args})`}>
                    {task || '(anonymous)'}
                    <span class="args">({args})</span>
                  </td>
                  <td class="number">{formatTime(runTime)}</td>
                  <td class="number">{place}</td>
                  <td class="number">{attempt}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
