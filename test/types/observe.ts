import {
  type EndedInfo,
  type ExitReason,
  type FailedInfo,
  Pool,
  type PoolInsights,
  type PoolResult,
  type PoolStats,
  type TaskErrorInfo,
  type TaskStats,
} from 'aiomultiprocess';
import { registerMetrics } from 'aiomultiprocess/metrics';
import { Registry } from 'prom-client';
import { expectType } from '../support/expect-type.ts';

declare const pool: Pool;
declare function toText(value: number): Promise<string>;
declare function runWith(id: string, task: () => unknown): unknown;

// Events: what a listener gets is known by the name of the event.
pool.on('taskSucceeded', (info) => {
  expectType<EndedInfo>().of(info);
  expectType<number>().of(info.runTime);
});
pool.once('taskFailed', (info) => {
  expectType<FailedInfo>().of(info);
  expectType<unknown>().of(info.error);
  expectType<number | undefined>().of(info.runTime);
});
pool.on('processExited', ({ reason, exitCode }) => {
  expectType<ExitReason>().of(reason);
  expectType<number | null>().of(exitCode);
});
pool.on('taskError', (error, info) => {
  expectType<unknown>().of(error);
  expectType<TaskErrorInfo>().of(info);
});
expectType<Pool>().of(pool.on('drain', () => {}).off('drain', () => {}));
// @ts-expect-error: there is no such event
pool.on('taskDone', () => {});
// @ts-expect-error: a listener that wants something else
pool.on('processReady', (info: string) => info);

// Measurements: times are there only if the pool measures.
expectType<PoolStats>().of(pool.stats());
expectType<TaskStats | undefined>().of(pool.stats().tasks);
expectType<PoolInsights>().of(pool.insights());

// Options.
new Pool({ measure: true, trace: 'run.json', contextPropagation: { capture: () => 'id', run: runWith } });
new Pool({ trace: new URL('file:///tmp/run.json') });
// @ts-expect-error: nothing runs tasks in the context
new Pool({ contextPropagation: { capture: () => 'id' } });
// @ts-expect-error: a trace is a file
new Pool({ trace: true });

// Progress: for maps.
expectType<PoolResult<string>>().of(pool.map(toText, [1], { progress: true }));
expectType<PoolResult<string>>().of(
  pool.starmap(toText, [[1]], { progress: { label: 'a', total: 1, format: '{bar}', processes: true } }),
);
// @ts-expect-error: an option that does not exist
pool.map(toText, [1], { progress: { lable: 'a' } });
// @ts-expect-error: one call has no bar
pool.apply(toText, [1], { progress: true });

expectType<Promise<() => void>>().of(registerMetrics(pool));
expectType<Promise<() => void>>().of(registerMetrics(pool, { registry: new Registry(), prefix: 'p_', buckets: [1] }));
