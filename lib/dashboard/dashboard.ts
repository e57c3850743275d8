import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { InvalidStateError } from '../errors.js';
import { readOptions } from '../util/validation.js';
import { ProgramCollector } from './collect/program-collector.js';
import { DASHBOARD_OPTIONS, type DashboardOptions } from './options.js';
import { Guard } from './server/guard.js';
import { DashboardServer } from './server/server.js';

/**
 * A page that shows all pools of the program, live.
 *
 * It does not keep a finished program alive. While no page is open, it reads the counts of each pool once a second.
 *
 * @since 0.2.0
 */
export class Dashboard {
  readonly #server: DashboardServer;
  readonly #collector: ProgramCollector;
  readonly #onClose: () => void;
  #closed: Promise<void> | undefined;
  /** The address to open, with the token if there is one: `http://127.0.0.1:40123/#token=…`. */
  readonly address: string;
  /** The port that the server listens on. */
  readonly port: number;
  /** What requests must bring as `Authorization: Bearer …`; `undefined`: nothing. */
  readonly token: string | undefined;

  /** @internal */
  constructor(
    server: DashboardServer,
    collector: ProgramCollector,
    host: string,
    token: string | undefined,
    onClose: () => void,
  ) {
    this.#server = server;
    this.#collector = collector;
    this.#onClose = onClose;
    this.port = server.port;
    this.token = token;
    const name = host.includes(':') ? `[${host}]` : host;
    this.address = `http://${name}:${this.port}/${token === undefined ? '' : `#token=${token}`}`;
  }

  /** Closes the server and its connections. The next call of `pool.dashboard()` opens another. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#onClose();
    this.#collector.close();
    await this.#server.close();
  }

  /** Stops the server, at the end of the scope of `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** The dashboard of the program, and the options that it was opened with, with their defaults. */
let current: { options: object; dashboard: Promise<Dashboard> } | undefined;

/**
 * Opens the dashboard of the program, or returns the one that is open: it has all pools. The same as `pool.dashboard()`.
 *
 * @example
 * ```ts
 * const dashboard = await openDashboard({ port: 7070, actions: true });
 * console.log(dashboard.address); // http://127.0.0.1:7070/#token=…
 * ```
 *
 * @since 0.2.0
 * @throws TypeError for an unknown or invalid option.
 * @throws {@link InvalidStateError} if it is open with other options.
 * @throws (rejects) the error of the system if it cannot listen on the port.
 */
export async function openDashboard(options: DashboardOptions = {}): Promise<Dashboard> {
  const read = readOptions<DashboardOptions, typeof DASHBOARD_OPTIONS>('dashboard', options, DASHBOARD_OPTIONS);
  if (current !== undefined) {
    const isSame = Object.keys(options).length === 0 || isDeepStrictEqual(read, current.options);
    if (isSame) return current.dashboard;
    throw new InvalidStateError('the dashboard of this program is open with other options; close it first');
  }
  const opened = { options: read, dashboard: open(read) };
  current = opened;
  opened.dashboard.catch(forget);
  return opened.dashboard;

  async function open({ port, host, allowedHosts, actions, token, print }: typeof read): Promise<Dashboard> {
    const isOpen = isLoopback(host) && allowedHosts.length === 0 && !actions;
    const secret = token ?? (isOpen ? undefined : randomBytes(18).toString('base64url'));
    const collector = new ProgramCollector();
    let server: DashboardServer;
    try {
      server = await DashboardServer.listen({ port, host, actions }, new Guard(host, allowedHosts, secret), collector);
    } catch (error) {
      collector.close();
      throw error;
    }
    const dashboard = new Dashboard(server, collector, host, secret, forget);
    if (print) process.stderr.write(`dashboard: ${dashboard.address}\n`);
    return dashboard;
  }

  function forget(): void {
    if (current === opened) current = undefined;
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d+){3}$/.test(host);
}
