/** Metrics of pools for Prometheus: the entry `aiomultiprocess/metrics`. */
import { isDeepStrictEqual } from 'node:util';
import type * as PromClient from 'prom-client';
import type { Registry } from 'prom-client';
import { type MetricsShape, PoolMetrics } from './observe/metrics/pool-metrics.js';
import { Pool } from './pool/pool.js';
import { importOptional } from './util/optional-package.js';
import { type Check, checkOptions, type OptionTable } from './util/validation.js';

/**
 * Options of {@link registerMetrics}. All pools in one registry share the `prefix` and `buckets` of the first one.
 *
 * @since 0.2.0
 */
export interface MetricsOptions {
  /** The registry. Default: the `register` of prom-client. */
  registry?: Registry;
  /** The prefix of the names. Default: `aiomultiprocess_`. */
  prefix?: string;
  /** The upper bounds of the time histograms, in seconds, ascending. Default: from a millisecond to five minutes. */
  buckets?: number[];
}

const known = new WeakMap<Registry, PoolMetrics>();

/** Checked by its methods, not its class: a program may load prom-client twice. */
const registry: Check<Registry> = {
  type: '`Registry`',
  expected: 'a Registry of prom-client',
  accepts: (value): value is Registry => {
    const methods = ['registerMetric', 'getSingleMetric', 'removeSingleMetric'] as const;
    return methods.every((method) => typeof (value as Partial<Registry> | null)?.[method] === 'function');
  },
};

const prefix: Check<string> = {
  type: 'string',
  expected: 'a string that may begin a name',
  accepts: (value): value is string => typeof value === 'string' && /^([a-z_:][\w:]*)?$/i.test(value),
};

const buckets: Check<number[]> = {
  type: 'array of numbers',
  expected: 'an array of numbers in ascending order',
  accepts: (value): value is number[] =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((bound, index) => Number.isFinite(bound) && (index === 0 || bound > value[index - 1])),
};

const METRICS_OPTIONS = {
  registry: { check: registry },
  prefix: { check: prefix },
  buckets: { check: buckets },
} as const satisfies OptionTable<MetricsOptions>;

/**
 * Registers metrics of a pool with [prom-client](https://github.com/siimon/prom-client), labelled with the name of the
 * pool. Any number of pools can share a registry.
 *
 * The metrics listen to every task: see "What it costs" in the guide.
 *
 * @returns a function that removes the pool's metrics; call it when the pool ends before the program does.
 * @throws (rejects) TypeError for an invalid argument, or for options that differ from those of the first pool in the
 * registry.
 * @throws (rejects) {@link MissingPackageError} if prom-client is not installed.
 * @throws (rejects) the registry's error if it has another metric of the same name.
 *
 * @example
 * ```ts
 * await registerMetrics(pool);
 * http.createServer(async (_, response) => response.end(await register.metrics())).listen(9464);
 * ```
 * @since 0.2.0
 */
export async function registerMetrics(pool: Pool, options: MetricsOptions = {}): Promise<() => void> {
  if (!(pool instanceof Pool)) throw new TypeError(`registerMetrics: expected a Pool, got ${String(pool)}`);
  const { registry: given, ...shape } = checkOptions<MetricsOptions>('registerMetrics', options, METRICS_OPTIONS);
  const client = await loadClient();
  return findMetrics(client, given ?? client.register, shape).add(pool);
}

function findMetrics(client: typeof PromClient, registry: Registry, shape: Partial<MetricsShape>): PoolMetrics {
  const found = known.get(registry);
  if (found !== undefined && !found.areGone) {
    refuseOther(found.shape, shape);
    return found;
  }
  found?.removeAll();
  const metrics = new PoolMetrics(client, registry, shape);
  known.set(registry, metrics);
  return metrics;
}

function refuseOther(shape: MetricsShape, asked: Partial<MetricsShape>): void {
  for (const name of ['prefix', 'buckets'] as const) {
    if (asked[name] === undefined || isDeepStrictEqual(asked[name], shape[name])) continue;
    throw new TypeError(
      `registerMetrics: option "${name}" of the first pool in this registry is ${JSON.stringify(shape[name])}; ` +
        'omit it, or use another registry',
    );
  }
}

async function loadClient(): Promise<typeof PromClient> {
  const imported = await importOptional(
    'aiomultiprocess/metrics',
    'prom-client',
    '14.0.0',
    () => import('prom-client'),
  );
  // A CommonJS module: only its default export is certain to be complete when imported from an ES module.
  return (imported as unknown as { default: typeof PromClient }).default;
}
