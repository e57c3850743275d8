/** Metrics of pools for Prometheus: the entry `aiomultiprocess/metrics`. */
import { isDeepStrictEqual } from 'node:util';
import type * as PromClient from 'prom-client';
import type { Registry } from 'prom-client';
import { MissingPackageError } from './errors.js';
import { type MetricsShape, PoolMetrics } from './observe/pool-metrics.js';
import { type OptionTable, readOptions, type Validator } from './options.js';
import { Pool } from './pool/pool.js';
import { isNotInstalled } from './util/not-installed.js';

/**
 * Where metrics go, and what they are like. All pools in one registry have the same `prefix` and `buckets`: those of the
 * first one, which the others need not name.
 */
export interface MetricsOptions {
  /** Default: the `register` of prom-client. */
  registry?: Registry;
  /** What the names begin with. Default `aiomultiprocess_`. */
  prefix?: string;
  /** The upper bounds of the histograms of times, in seconds. Default: from a millisecond to five minutes. */
  buckets?: number[];
}

const known = new WeakMap<Registry, PoolMetrics>();

/** Whatever works as one: a program may have prom-client twice. */
const registry: Validator = (value) => {
  const methods = ['registerMetric', 'getSingleMetric', 'removeSingleMetric'] as const;
  const given = value as Partial<Registry> | null;
  return methods.every((method) => typeof given?.[method] === 'function') ? undefined : 'a Registry of prom-client';
};

const OPTIONS: OptionTable = {
  registry,
  prefix: (value) =>
    typeof value === 'string' && /^([a-z_:][\w:]*)?$/i.test(value) ? undefined : 'a string that may begin a name',
  buckets: (value) =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((bound, index) => Number.isFinite(bound) && (index === 0 || bound > value[index - 1]))
      ? undefined
      : 'an array of numbers in ascending order',
};

/**
 * Registers metrics of a pool with [prom-client](https://github.com/siimon/prom-client), labelled with the name of the
 * pool. Any number of pools can share a registry.
 *
 * From then on somebody listens to every task: see "What it costs" in the guide.
 *
 * @returns a function that takes the pool out again; call it when a pool has ended and the program goes on.
 * @throws (rejects) TypeError for a wrong argument, and for other options than those of the first pool in the registry.
 * {@link MissingPackageError}. What the registry throws if it has another metric of such a name.
 *
 * @example
 * ```ts
 * await registerMetrics(pool);
 * http.createServer(async (_, response) => response.end(await register.metrics())).listen(9464);
 * ```
 */
export async function registerMetrics(pool: Pool, options: MetricsOptions = {}): Promise<() => void> {
  if (!(pool instanceof Pool)) throw new TypeError(`registerMetrics: expected a Pool, got ${String(pool)}`);
  const { registry: given, ...shape } = readOptions<MetricsOptions>('registerMetrics', options, OPTIONS);
  const client = await loadClient();
  return findMetrics(client, given ?? client.register, shape).add(pool);
}

function findMetrics(client: typeof PromClient, registry: Registry, shape: Partial<MetricsShape>): PoolMetrics {
  const found = known.get(registry);
  if (found !== undefined && !found.areGone) {
    refuseOther(found.shape, shape);
    return found;
  }
  found?.takeAllOut();
  const metrics = new PoolMetrics(client, registry, shape);
  known.set(registry, metrics);
  return metrics;
}

function refuseOther(shape: MetricsShape, asked: Partial<MetricsShape>): void {
  for (const name of ['prefix', 'buckets'] as const) {
    if (asked[name] === undefined || isDeepStrictEqual(asked[name], shape[name])) continue;
    throw new TypeError(
      `registerMetrics: option "${name}" of the first pool in this registry is ${JSON.stringify(shape[name])}; ` +
        'leave it out, or use another registry',
    );
  }
}

async function loadClient(): Promise<typeof PromClient> {
  try {
    // A CommonJS module: which of its exports ES modules see by name depends on how it was written.
    const { default: client } = (await import('prom-client')) as unknown as { default: typeof PromClient };
    return client;
  } catch (cause) {
    if (!isNotInstalled(cause)) throw cause;
    throw new MissingPackageError('aiomultiprocess/metrics', 'prom-client', { cause });
  }
}
