import {
  currentTask,
  inline,
  isMainProcess,
  type Pool,
  type PoolResult,
  setStartMethod,
  task,
  tasksFrom,
} from 'aiomultiprocess';
import { expectType } from '../support/expect-type.ts';

declare const pool: Pool;
declare function toText(value: number): Promise<string>;

/** A module as `typeof import('./tasks.js')` would give it: functions, and values that are none. */
interface TasksModule {
  toText(value: number): Promise<string>;
  add(left: number, right: number): number;
  limit: number;
}

// Each gives the function back, so that it can be called here too.
expectType<typeof toText>().of(task(import.meta.url, toText));
export const inlined: typeof toText = inline(toText);
// A function that is written in place takes the types of what it is called with.
expectType<PoolResult<number>>().of(
  pool.map(
    inline((n) => n * n),
    [1, 2],
  ),
);
expectType<Promise<string>>().of(
  pool.apply(
    inline(async (n, s) => s.repeat(n)),
    [1, 'a'],
  ),
);
// @ts-expect-error: the module comes first
task(toText, import.meta.url);
// @ts-expect-error: only functions
inline('toText');

const tasks = tasksFrom<TasksModule>(new URL('./tasks.js', import.meta.url).href);
expectType<PoolResult<string>>().of(pool.map(tasks.toText, [1]));
expectType<Promise<number>>().of(pool.apply(tasks.add, [1, 2]));
// @ts-expect-error: a handle keeps its function's parameters
pool.apply(tasks.add, [1, '2']);
// @ts-expect-error: no such export
tasks.subtract;
// @ts-expect-error: not a function, so not a task
pool.apply(tasks.limit);

expectType<boolean>().of(isMainProcess);
expectType<AbortSignal>().of(currentTask().signal);
expectType<number>().of(currentTask().attempt);
currentTask().report({ done: 1 });

setStartMethod();
setStartMethod('spawn');
// @ts-expect-error: Node has no other
setStartMethod('fork');
