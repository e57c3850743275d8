import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isSettledWithin } from '../../util/settled-within.js';
import type { HostStats } from '../stats.js';
import type { QueueState } from '../wire/queue-state.js';
import { writeMetrics } from './host-metrics.js';

/** The part of a host that a {@link HealthServer} reads. */
export interface ObservedHost {
  isHealthy(): boolean;
  readonly queue: string;
  stats(): HostStats;
  /** @throws (rejects) if the datastore does not answer. */
  readQueueState(): Promise<QueueState>;
}

/** How long a scrape waits for the datastore, in milliseconds: Prometheus itself waits ten seconds. */
const MAX_WAIT = 2000;

/** Serves `/healthz` and `/livez` for orchestrators, and `/metrics` for Prometheus. */
export class HealthServer {
  readonly #server: Server;

  /** @throws (rejects) if the port is taken. */
  static async listen(host: ObservedHost, port: number, address: string): Promise<HealthServer> {
    const server = createServer((request, response) => {
      const [path] = (request.url ?? '').split('?');
      if (path === '/healthz') answer(response, host.isHealthy() ? 200 : 503, 'application/json', host.stats());
      // That it answers shows that the event loop runs: a restart would not bring the datastore back.
      else if (path === '/livez') answer(response, 200, 'application/json', { alive: true });
      else if (path === '/metrics') void answerMetrics(host, response);
      else response.writeHead(404).end();
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

function answer(response: ServerResponse, status: number, type: string, body: object | string): void {
  response.writeHead(status, { 'content-type': type });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

/** Without the numbers of the queue while the datastore does not answer. */
async function answerMetrics(host: ObservedHost, response: ServerResponse): Promise<void> {
  let state: QueueState | undefined;
  const reading = host.readQueueState().then(
    (read) => {
      state = read;
    },
    () => {},
  );
  await isSettledWithin(reading, MAX_WAIT);
  const text = writeMetrics(host.queue, host.stats(), state);
  answer(response, 200, 'text/plain; version=0.0.4; charset=utf-8', text);
}
