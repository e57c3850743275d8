import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Both ends of a connection through a {@link TcpProxy}. */
interface Link {
  client: Socket;
  server: Socket;
  /** Whether its bytes are lost for ever. */
  isSilent: boolean;
}

/** A network between programs and a server on this machine, which a test delays, partitions or silences. */
export class TcpProxy {
  /** The URL of the server, through this proxy. */
  readonly url: string;
  readonly #listener: Server;
  readonly #target: number;
  readonly #delay: number;
  readonly #links = new Set<Link>();
  #isPartitioned = false;

  /** @param roundTrip - added to the time until an answer, in milliseconds. */
  static async start(serverUrl: string, roundTrip = 0): Promise<TcpProxy> {
    const listener = createServer();
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    return new TcpProxy(serverUrl, listener, roundTrip / 2);
  }

  private constructor(serverUrl: string, listener: Server, delay: number) {
    const { port } = new URL(serverUrl);
    this.url = serverUrl.replace(`:${port}`, `:${(listener.address() as AddressInfo).port}`);
    this.#target = Number(port);
    this.#listener = listener;
    this.#delay = delay;
    listener.on('connection', (client) => this.#link(client));
  }

  /** Passes nothing on, in either direction, until {@link heal}: as if every packet was lost and sent again later. */
  partition(): void {
    this.#isPartitioned = true;
    for (const link of this.#links) pause(link);
  }

  heal(): void {
    this.#isPartitioned = false;
    for (const link of this.#links) resume(link);
  }

  /** Loses everything on the present connections, without an end or a reset, like a router that forgot them. */
  silence(): void {
    for (const link of this.#links) link.isSilent = true;
  }

  /** Resets the present connections. */
  reset(): void {
    for (const { client, server } of this.#links) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
  }

  async close(): Promise<void> {
    this.#listener.close();
    for (const { client, server } of this.#links) {
      client.destroy();
      server.destroy();
    }
    await once(this.#listener, 'close');
  }

  #link(client: Socket): void {
    const link: Link = { client, server: connect(this.#target, '127.0.0.1'), isSilent: false };
    this.#links.add(link);
    this.#pipe(link, client, link.server);
    this.#pipe(link, link.server, client);
    if (this.#isPartitioned) pause(link);
  }

  #pipe(link: Link, from: Socket, to: Socket): void {
    from.setNoDelay();
    // Timers of one duration fire in the order in which they were set, so bytes stay in order.
    const later = (what: () => void) => {
      if (link.isSilent) return;
      if (this.#delay > 0) setTimeout(what, this.#delay);
      else what();
    };
    from.on('data', (bytes) => later(() => to.destroyed || to.write(bytes)));
    from.on('end', () => later(() => to.end()));
    from.on('error', () => later(() => to.destroy()));
    from.on('close', () => {
      later(() => to.destroySoon());
      if (from.destroyed && to.destroyed) this.#links.delete(link);
    });
  }
}

function pause({ client, server }: Link): void {
  client.pause();
  server.pause();
}

function resume({ client, server }: Link): void {
  client.resume();
  server.resume();
}
