import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { hostname } from 'node:os';

/** Why a request is refused. */
export interface Refusal {
  status: 401 | 403;
  message: string;
}

/** Decides which requests are answered. */
export class Guard {
  readonly #names: ReadonlySet<string>;
  readonly #allowed: ReadonlySet<string>;
  readonly #token: Buffer | undefined;

  /**
   * @param host - that the server listens on.
   * @param allowedHosts - under which proxies serve the page.
   * @param token - `undefined`: none is needed.
   */
  constructor(host: string, allowedHosts: readonly string[], token: string | undefined) {
    this.#allowed = new Set(allowedHosts.map((name) => name.toLowerCase()));
    this.#names = new Set(['localhost', hostname().toLowerCase(), host.toLowerCase(), ...this.#allowed]);
    this.#token = token === undefined ? undefined : digest(token);
  }

  /**
   * Refuses what another site may have sent by way of a browser on this machine. A site that has its own name resolve to an
   * address of this machine (DNS rebinding) sends that name as the `Host`.
   *
   * @param isPage - whether the page itself is asked for: it tells nothing, so links of other sites may lead to it.
   */
  checkOrigin({ headers }: IncomingMessage, isPage: boolean): Refusal | undefined {
    const { host = '', origin } = headers;
    if (!this.#isOwn(host)) {
      return forbid(
        'the Host header must be an IP address, localhost, the name of this machine, or in "host" or "allowedHosts"',
      );
    }
    if (origin !== undefined && !this.#isSameOrigin(origin, host)) {
      return forbid('requests of other origins are refused');
    }
    const site = headers['sec-fetch-site'];
    const isLink = isPage && headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
    if (site !== undefined && site !== 'same-origin' && site !== 'none' && !isLink) {
      return forbid('requests of other sites are refused');
    }
    return undefined;
  }

  /** Refuses a request without the token, if there is one. */
  checkToken({ headers }: IncomingMessage): Refusal | undefined {
    if (this.#token === undefined) return undefined;
    const [, given] = /^Bearer ([\w-]+)$/.exec(headers.authorization ?? '') ?? [];
    // Digests have the same length whatever was given.
    if (given !== undefined && timingSafeEqual(digest(given), this.#token)) return undefined;
    return { status: 401, message: 'the token is missing or wrong: open the address that the program has printed' };
  }

  /** A proxy may put its own address of the server into the `Host`, and leave the `Origin`. */
  #isSameOrigin(origin: string, host: string): boolean {
    const [, site = ''] = /^https?:\/\/(.+)$/.exec(origin) ?? [];
    return site === host || this.#allowed.has(nameOf(site));
  }

  #isOwn(host: string): boolean {
    const name = nameOf(host);
    return isIP(name) > 0 || this.#names.has(name);
  }
}

/** The name or address of a host with or without a port; `''` if it is none. */
function nameOf(host: string): string {
  const [, bracketed, name = bracketed] = /^(?:\[([\da-f:.]+)\]|([\w.-]+))(?::\d+)?$/i.exec(host) ?? [];
  return name?.toLowerCase() ?? '';
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function forbid(message: string): Refusal {
  return { status: 403, message };
}
