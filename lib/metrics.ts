/** Metrics of pools for Prometheus: the entry `aiomultiprocess/metrics`. */
import type * as PromClient from 'prom-client';
import type { Registry } from 'prom-client';
import { MissingPackageError } from './errors.js';
import { PoolMetrics } from './observe/pool-metrics.js';
import type { Pool } from './pool/pool.js';

/** Where metrics go, and what they are like. Of the pools in one registry the first one's options count. */
export interface MetricsOptions {
  /** Default: the `register` of prom-client. */
  registry?: Registry;
  /** What the names begin with. Default `aiomultiprocess_`. */
  prefix?: string;
  /** The upper bounds of the histograms of times, in seconds. Default: from a millisecond to five minutes. */
  buckets?: number[];
}

const known = new WeakMap<Registry, PoolMetrics>();

/**
 * Registers metrics of a pool with [prom-client](https://github.com/siimon/prom-client), labelled with the name of the
 * pool. Any number of pools can share a registry.
 *
 * From then on somebody listens to every task: see "What it costs" in the guide.
 *
 * @returns a function that takes the pool out again; call it when a pool has ended and the program goes on.
 * @throws (rejects) {@link MissingPackageError}
 *
 * @example
 * ```ts
 * await registerMetrics(pool);
 * http.createServer(async (_, response) => response.end(await register.metrics())).listen(9464);
 * ```
 */
export async function registerMetrics(pool: Pool, options: MetricsOptions = {}): Promise<() => void> {
  const client = await loadClient();
  const { registry = client.register, prefix = 'aiomultiprocess_', buckets } = options;
  const metrics = known.get(registry) ?? new PoolMetrics(client, registry, prefix, buckets);
  known.set(registry, metrics);
  return metrics.add(pool);
}

async function loadClient(): Promise<typeof PromClient> {
  try {
    // A CommonJS module: which of its exports ES modules see by name depends on how it was written.
    const { default: client } = (await import('prom-client')) as unknown as { default: typeof PromClient };
    return client;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new MissingPackageError('aiomultiprocess/metrics', 'prom-client', { cause });
  }
}
