import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ProgramCollector } from '../collect/program-collector.js';
import { readAction } from './actions.js';
import { findAsset } from './assets.js';
import type { Guard } from './guard.js';
import { Viewers } from './viewers.js';

/** Pages, and what else a browser opens at the same time. */
const MAX_CONNECTIONS = 128;

/** The page loads nothing from elsewhere, runs nothing but its own script, and is shown in no other page. */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'cache-control': 'no-store',
};

export interface ServerOptions {
  port: number;
  host: string;
  actions: boolean;
}

/** Serves the page, its events, the trace and the actions. Neither it nor its connections keep the program alive. */
export class DashboardServer {
  readonly #server: Server;
  readonly #collector: ProgramCollector;
  readonly #guard: Guard;
  readonly #actions: boolean;
  readonly #viewers: Viewers;

  /** @throws (rejects) the error of the system if it cannot listen. */
  static async listen(options: ServerOptions, guard: Guard, collector: ProgramCollector): Promise<DashboardServer> {
    const server = new DashboardServer(options, guard, collector);
    server.#server.listen(options.port, options.host);
    await once(server.#server, 'listening');
    server.#server.unref();
    return server;
  }

  private constructor({ actions }: ServerOptions, guard: Guard, collector: ProgramCollector) {
    this.#actions = actions;
    this.#guard = guard;
    this.#collector = collector;
    this.#viewers = new Viewers(collector, actions);
    this.#server = createServer((request, response) => void this.#answer(request, response));
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.on('connection', (socket) => socket.unref());
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#viewers.close();
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    try {
      await this.#route(request, response);
    } catch (error) {
      // A connection that breaks off is not an error of the program.
      if (!response.headersSent) refuse(response, 500, String(error));
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const address = parseAddress(request.url);
    if (address === undefined) return refuse(response, 400, 'the address is invalid');
    const { pathname, searchParams } = address;
    const stranger = this.#guard.checkOrigin(request, pathname === '/');
    if (stranger !== undefined) return refuse(response, stranger.status, stranger.message);
    const method = pathname === '/actions' ? 'POST' : 'GET';
    if (request.method !== method) {
      response.setHeader('allow', method);
      return refuse(response, 405, `expected the method ${method}`);
    }
    // The page itself tells nothing: it asks for the token.
    const asset = findAsset(pathname);
    if (asset !== undefined) return void response.writeHead(200, { 'content-type': asset.type }).end(asset.body);
    const refusal = this.#guard.checkToken(request);
    if (refusal !== undefined) return refuse(response, refusal.status, refusal.message);
    if (pathname === '/events') this.#sendEvents(response);
    else if (pathname === '/trace') this.#sendTrace(searchParams.get('pool') ?? '', response);
    else if (pathname === '/actions') await this.#act(request, response);
    else refuse(response, 404, 'not found');
  }

  #sendEvents(response: ServerResponse): void {
    if (this.#viewers.isFull) return refuse(response, 503, 'too many pages are open');
    this.#viewers.add(response);
  }

  #sendTrace(id: string, response: ServerResponse): void {
    const trace = this.#collector.exportTrace(id);
    if (trace === undefined) return refuse(response, 404, 'there is no such pool');
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-disposition': 'attachment; filename="trace.json"',
    });
    response.end(trace);
  }

  async #act(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!this.#actions) return refuse(response, 403, 'the dashboard was opened without { actions: true }');
    const asked = await readAction(request);
    if (typeof asked === 'string') return refuse(response, 400, asked);
    const found = this.#collector.find(asked.pool);
    if (found === undefined || !asked.run(found.pool.actions)) {
      return refuse(response, 404, 'it has ended, or never existed');
    }
    response.writeHead(204).end();
  }
}

function parseAddress(address = ''): URL | undefined {
  const base = 'http://localhost';
  return URL.canParse(address, base) ? new URL(address, base) : undefined;
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${message}\n`);
}
