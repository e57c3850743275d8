import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HostStats } from '../stats.js';

/** The part of a host that a {@link HealthServer} reads. */
interface ObservedHost {
  readonly isHealthy: boolean;
  stats(): HostStats;
}

/** The Prometheus metric of each number. */
const METRICS: Record<keyof HostStats, [type: 'gauge' | 'counter', name: string, help: string]> = {
  chunks: ['gauge', 'chunks', 'Chunks of tasks taken from the queue and not finished.'],
  running: ['gauge', 'tasks', 'Tasks taken from the queue and not finished.'],
  done: ['counter', 'tasks_total', 'Tasks finished.'],
  failed: ['counter', 'tasks_failed_total', 'Tasks that failed.'],
  refused: ['counter', 'jobs_refused_total', 'Jobs rejected.'],
  finishedChunks: ['counter', 'chunks_total', 'Chunks finished.'],
};

/** Serves `/healthz` for orchestrators and `/metrics` for Prometheus. */
export class HealthServer {
  readonly #server: Server;

  /** @throws (rejects) if the port is taken. */
  static async listen(host: ObservedHost, port: number, address: string): Promise<HealthServer> {
    const server = createServer((request, response) => {
      const [path] = (request.url ?? '').split('?');
      if (path === '/healthz') {
        response.writeHead(host.isHealthy ? 200 : 503, { 'content-type': 'application/json' });
        response.end(JSON.stringify(host.stats()));
      } else if (path === '/metrics') {
        response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
        response.end(writeMetrics(host.stats()));
      } else {
        response.writeHead(404).end();
      }
    });
    server.listen(port, address);
    await once(server, 'listening');
    return new HealthServer(server);
  }

  private constructor(server: Server) {
    this.#server = server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}

function writeMetrics(stats: HostStats): string {
  return Object.entries(METRICS)
    .map(([key, [type, suffix, help]]) => {
      const name = `aiomultiprocess_host_${suffix}`;
      return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name} ${stats[key as keyof HostStats]}\n`;
    })
    .join('');
}
